"""Silhouettes: what each kind of item looks like from afar, in a few lines of our own; nobody's art.

A part is a letter and SVG path data on a tile of 96 by 72: `b` bears the item's finish, `d` is dark, `m` is metal, `l` is a
light line. Weapons point to the left, as on Steam.
"""

from tradepost.steam.simulator import thing_outlines as things
from tradepost.steam.simulator import weapon_outlines as arms
from tradepost.steam.simulator.weapon_outlines import Parts

OF_WEAPON: dict[str, Parts] = {  # those that anybody knows by their outline
    "M4A1-S": arms.CARBINE, "M4A4": arms.CARBINE, "AUG": arms.BULLPUP, "FAMAS": arms.BULLPUP, "SG 553": arms.BULLPUP,
    "SSG 08": arms.SCOUT, "Desert Eagle": arms.HAND_CANNON, "R8 Revolver": arms.REVOLVER, "USP-S": arms.SILENCED,
    "P90": arms.P90, "MAC-10": arms.MACHINE_PISTOL, "MP9": arms.MACHINE_PISTOL, "MP7": arms.MACHINE_PISTOL, "Sawed-Off": arms.SAWED_OFF,
    "Karambit": arms.KARAMBIT, "Talon Knife": arms.KARAMBIT, "Butterfly Knife": arms.BUTTERFLY, "Shadow Daggers": arms.DAGGERS,
    "Hand Wraps": arms.WRAPS,
}  # fmt: skip
OF_TYPE: dict[tuple[int, str], Parts] = {
    (730, "Rifle"): arms.RIFLE, (730, "Sniper Rifle"): arms.SNIPER, (730, "Pistol"): arms.PISTOL, (730, "SMG"): arms.SMG,
    (730, "Shotgun"): arms.SHOTGUN, (730, "Machinegun"): arms.MACHINEGUN, (730, "Knife"): arms.BAYONET, (730, "Gloves"): arms.GLOVES,
    (730, "Equipment"): arms.ZAPPER, (730, "Sticker"): things.STICKER, (730, "Patch"): things.PATCH, (730, "Graffiti"): things.GRAFFITI,
    (730, "Charm"): things.CHARM, (730, "Agent"): things.AGENT, (730, "Music Kit"): things.MUSIC, (730, "Container"): things.CASE,
    (730, "Key"): things.KEY, (730, "Collectible"): things.PIN,
    (570, "Wearable"): things.HELMET, (570, "Courier"): things.COURIER, (570, "Ward"): things.WARD, (570, "Treasure"): things.CHEST,
    (570, "Announcer"): things.HORN, (570, "Loading Screen"): things.SCENE, (570, "Taunt"): things.SPEECH,
    (440, "Cosmetic"): things.HAT, (440, "Crate"): things.CRATE, (440, "Key"): things.KEY, (440, "Melee weapon"): things.BAT,
    (440, "Primary weapon"): things.LAUNCHER, (440, "Secondary weapon"): arms.PISTOL, (440, "Paint Can"): things.CAN, (440, "Tool"): things.WRENCH,
    (252490, "Armor"): things.PLATE, (252490, "Building"): things.DOOR, (252490, "Clothing"): things.SHIRT, (252490, "Misc"): things.BAG,
    (252490, "Weapon"): arms.RIFLE,
    (753, "Booster Pack"): things.PACK, (753, "Trading Card"): things.CARD, (753, "Foil Trading Card"): things.FOIL, (753, "Emoticon"): things.FACE,
    (753, "Profile Background"): things.SCENE, (753, "Steam Gems"): things.GEM,
}  # fmt: skip


def parts_of(appid: int, kind: str, name: str) -> Parts:
    """The silhouette of an item, by its weapon or its type; a box for what is like nothing here."""
    bare = name.removeprefix("★ ").removeprefix("StatTrak™ ").removeprefix("Souvenir ")
    if "Capsule" in name and kind == "Container":
        return things.CAPSULE
    return OF_WEAPON.get(bare.partition(" | ")[0]) or OF_TYPE.get((appid, kind), things.CASE)
