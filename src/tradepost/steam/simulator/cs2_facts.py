"""Facts of Counter-Strike 2 that Steam's inventory shows: weapons, exteriors, rarities and their tags."""

from typing import NamedTuple


class Tag(NamedTuple):
    """One tag of a description."""

    category: str
    internal_name: str
    category_name: str
    name: str
    color: str = ""


class Exterior(NamedTuple):
    """A band of wear."""

    number: int
    wear_from: float
    wear_to: float


class Rarity(NamedTuple):
    """A rarity as Steam paints it."""

    number: int  # as certificates count
    internal_name: str
    color: str


EXTERIORS = {
    "Factory New": Exterior(0, 0.0, 0.07),
    "Minimal Wear": Exterior(1, 0.07, 0.15),
    "Field-Tested": Exterior(2, 0.15, 0.38),
    "Well-Worn": Exterior(3, 0.38, 0.45),
    "Battle-Scarred": Exterior(4, 0.45, 1.0),
}

_RARITIES = {
    "Default": Rarity(0, "Rarity_Default", "ded6cc"),
    "Base Grade": Rarity(1, "Rarity_Common", "b0c3d9"),
    "Consumer Grade": Rarity(1, "Rarity_Common_Weapon", "b0c3d9"),
    "Industrial Grade": Rarity(2, "Rarity_Uncommon_Weapon", "5e98d9"),
    "Mil-Spec Grade": Rarity(3, "Rarity_Rare_Weapon", "4b69ff"),
    "Restricted": Rarity(4, "Rarity_Mythical_Weapon", "8847ff"),
    "Classified": Rarity(5, "Rarity_Legendary_Weapon", "d32ce6"),
    "Covert": Rarity(6, "Rarity_Ancient_Weapon", "eb4b4b"),
    "Contraband": Rarity(7, "Rarity_Contraband", "e4ae39"),
    "High Grade": Rarity(3, "Rarity_Rare", "4b69ff"),
    "Remarkable": Rarity(4, "Rarity_Mythical", "8847ff"),
    "Exotic": Rarity(5, "Rarity_Legendary", "d32ce6"),
    "Extraordinary": Rarity(6, "Rarity_Ancient", "eb4b4b"),
    "Distinguished": Rarity(3, "Rarity_Rare_Character", "4b69ff"),
    "Exceptional": Rarity(4, "Rarity_Mythical_Character", "8847ff"),
    "Superior": Rarity(5, "Rarity_Legendary_Character", "d32ce6"),
    "Master": Rarity(6, "Rarity_Ancient_Character", "eb4b4b"),
}
_STEPS = ("Mil-Spec", "Restricted", "Classified", "Covert")
_AGENT_STEPS = dict(zip(_STEPS, ("Distinguished", "Exceptional", "Superior", "Master"), strict=True))
_STICKER_STEPS = dict(zip(_STEPS, ("High Grade", "Remarkable", "Exotic", "Extraordinary"), strict=True))

# The words that lists of items use for a kind -> Steam's Type tag.
TYPES = {
    "rifle": ("CSGO_Type_Rifle", "Rifle"),
    "sniper": ("CSGO_Type_SniperRifle", "Sniper Rifle"),
    "secondary": ("CSGO_Type_Pistol", "Pistol"),
    "smg": ("CSGO_Type_SMG", "SMG"),
    "shotgun": ("CSGO_Type_Shotgun", "Shotgun"),
    "machinegun": ("CSGO_Type_Machinegun", "Machinegun"),
    "melee": ("CSGO_Type_Knife", "Knife"),
    "glove": ("Type_Hands", "Gloves"),
    "equipment": ("CSGO_Type_Equipment", "Equipment"),
    "sticker": ("CSGO_Tool_Sticker", "Sticker"),
    "graffiti": ("CSGO_Type_Spray", "Graffiti"),
    "patch": ("CSGO_Tool_Patch", "Patch"),
    "keychain": ("CSGO_Tool_Keychain", "Charm"),
    "agent": ("Type_CustomPlayer", "Agent"),
    "musickit": ("CSGO_Type_MusicKit", "Music Kit"),
    "container": ("CSGO_Type_WeaponCase", "Container"),
    "key": ("CSGO_Tool_WeaponCase_KeyTag", "Key"),
    "collectible": ("CSGO_Type_Collectible", "Collectible"),
}
WEAPON_TYPES = frozenset(
    {"rifle", "sniper", "secondary", "smg", "shotgun", "machinegun", "melee", "glove", "equipment"}
)

# Weapon -> its definition index, Steam's internal name, its kind.
WEAPONS = {
    "CZ75-Auto": (63, "weapon_cz75a", "secondary"),
    "Desert Eagle": (1, "weapon_deagle", "secondary"),
    "Dual Berettas": (2, "weapon_elite", "secondary"),
    "Five-SeveN": (3, "weapon_fiveseven", "secondary"),
    "Glock-18": (4, "weapon_glock", "secondary"),
    "P2000": (32, "weapon_hkp2000", "secondary"),
    "P250": (36, "weapon_p250", "secondary"),
    "R8 Revolver": (64, "weapon_revolver", "secondary"),
    "Tec-9": (30, "weapon_tec9", "secondary"),
    "USP-S": (61, "weapon_usp_silencer", "secondary"),
    "MAC-10": (17, "weapon_mac10", "smg"),
    "MP5-SD": (23, "weapon_mp5sd", "smg"),
    "MP7": (33, "weapon_mp7", "smg"),
    "MP9": (34, "weapon_mp9", "smg"),
    "P90": (19, "weapon_p90", "smg"),
    "PP-Bizon": (26, "weapon_bizon", "smg"),
    "UMP-45": (24, "weapon_ump45", "smg"),
    "M249": (14, "weapon_m249", "machinegun"),
    "Negev": (28, "weapon_negev", "machinegun"),
    "MAG-7": (27, "weapon_mag7", "shotgun"),
    "Nova": (35, "weapon_nova", "shotgun"),
    "Sawed-Off": (29, "weapon_sawedoff", "shotgun"),
    "XM1014": (25, "weapon_xm1014", "shotgun"),
    "AK-47": (7, "weapon_ak47", "rifle"),
    "AUG": (8, "weapon_aug", "rifle"),
    "FAMAS": (10, "weapon_famas", "rifle"),
    "Galil AR": (13, "weapon_galilar", "rifle"),
    "M4A1-S": (60, "weapon_m4a1_silencer", "rifle"),
    "M4A4": (16, "weapon_m4a1", "rifle"),
    "SG 553": (39, "weapon_sg556", "rifle"),
    "AWP": (9, "weapon_awp", "sniper"),
    "G3SG1": (11, "weapon_g3sg1", "sniper"),
    "SCAR-20": (38, "weapon_scar20", "sniper"),
    "SSG 08": (40, "weapon_ssg08", "sniper"),
    "Zeus x27": (31, "weapon_taser", "equipment"),
    "Bayonet": (500, "weapon_bayonet", "melee"),
    "Bowie Knife": (514, "weapon_knife_survival_bowie", "melee"),
    "Butterfly Knife": (515, "weapon_knife_butterfly", "melee"),
    "Classic Knife": (503, "weapon_knife_css", "melee"),
    "Falchion Knife": (512, "weapon_knife_falchion", "melee"),
    "Flip Knife": (505, "weapon_knife_flip", "melee"),
    "Gut Knife": (506, "weapon_knife_gut", "melee"),
    "Huntsman Knife": (509, "weapon_knife_tactical", "melee"),
    "Karambit": (507, "weapon_knife_karambit", "melee"),
    "Kukri Knife": (526, "weapon_knife_kukri", "melee"),
    "M9 Bayonet": (508, "weapon_knife_m9_bayonet", "melee"),
    "Navaja Knife": (520, "weapon_knife_gypsy_jackknife", "melee"),
    "Nomad Knife": (521, "weapon_knife_outdoor", "melee"),
    "Paracord Knife": (517, "weapon_knife_cord", "melee"),
    "Shadow Daggers": (516, "weapon_knife_push", "melee"),
    "Skeleton Knife": (525, "weapon_knife_skeleton", "melee"),
    "Stiletto Knife": (522, "weapon_knife_stiletto", "melee"),
    "Survival Knife": (518, "weapon_knife_canis", "melee"),
    "Talon Knife": (523, "weapon_knife_widowmaker", "melee"),
    "Ursus Knife": (519, "weapon_knife_ursus", "melee"),
    "Bloodhound Gloves": (5027, "studded_bloodhound_gloves", "glove"),
    "Broken Fang Gloves": (4725, "studded_brokenfang_gloves", "glove"),
    "Driver Gloves": (5031, "slick_gloves", "glove"),
    "Hand Wraps": (5032, "leather_handwraps", "glove"),
    "Hydra Gloves": (5035, "studded_hydra_gloves", "glove"),
    "Moto Gloves": (5033, "motorcycle_gloves", "glove"),
    "Specialist Gloves": (5034, "specialist_gloves", "glove"),
    "Sport Gloves": (5030, "sporty_gloves", "glove"),
}


def kind_of(market_hash_name: str, given: str) -> str:
    """The kind of an item: what its weapon is, else what the world file says, else a guess by its name."""
    weapon = WEAPONS.get(weapon_of(market_hash_name))
    if weapon is not None:
        return weapon[2]
    if given:
        return given.lower()
    for prefix, kind in (("Sticker |", "sticker"), ("Sealed Graffiti", "graffiti"), ("Patch |", "patch")):
        if market_hash_name.startswith(prefix):
            return kind
    for ending, kind in (
        ("Case", "container"),
        ("Capsule", "container"),
        ("Package", "container"),
        ("Key", "key"),
    ):
        if market_hash_name.endswith(ending):
            return kind
    return "collectible"


def weapon_of(market_hash_name: str) -> str:
    """The weapon's name within a market hash name."""
    name = market_hash_name.removeprefix("★ ").removeprefix("StatTrak™ ").removeprefix("Souvenir ")
    return name.split(" | ", 1)[0]


def exterior_of(market_hash_name: str) -> str:
    """The exterior that a market hash name ends with, or nothing."""
    for exterior in EXTERIORS:
        if market_hash_name.endswith(f"({exterior})"):
            return exterior
    return ""


def rarity_of(kind: str, given: str) -> tuple[str, Rarity]:
    """A rarity's name on Steam for this kind of item, and how Steam paints it."""
    name = given or ("Mil-Spec" if kind in WEAPON_TYPES else "Base Grade")
    if kind == "glove" and name == "Covert":
        name = "Extraordinary"
    elif kind == "agent":
        name = _AGENT_STEPS.get(name, name)
    elif kind not in WEAPON_TYPES:
        name = _STICKER_STEPS.get(name, name)
    if name == "Mil-Spec":
        name = "Mil-Spec Grade"
    return name, _RARITIES.get(name, Rarity(1, f"Rarity_{name.replace(' ', '_')}", "b0c3d9"))


def quality_of(market_hash_name: str) -> tuple[int, Tag, str]:
    """The quality number of certificates, the Quality tag and the colour of the name."""
    star, stattrak = market_hash_name.startswith("★"), "StatTrak™" in market_hash_name
    if star and stattrak:
        return 3, Tag("Quality", "unusual_strange", "Category", "★ StatTrak™", "8650AC"), "8650AC"
    if star:
        return 3, Tag("Quality", "unusual", "Category", "★", "8650AC"), "8650AC"
    if stattrak:
        return 9, Tag("Quality", "strange", "Category", "StatTrak™", "CF6A32"), "CF6A32"
    if market_hash_name.startswith("Souvenir "):
        return 12, Tag("Quality", "tournament", "Category", "Souvenir", "FFD700"), "FFD700"
    return 4, Tag("Quality", "normal", "Category", "Normal"), "D2D2D2"
