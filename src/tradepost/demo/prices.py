"""Prices for the demo: made up, plausible by kind, rarity and wear, and the same for the same name anywhere.

Whole numbers only, from the hash of a name to the cent, so that no platform rounds a price another way. A
price is a base for its kind times factors in permille; the one of luck makes two skins of one rarity differ.
"""

import hashlib
import zlib
from functools import cache
from math import isqrt

PRICE_CENTS_MIN = 3
PRICE_CENTS_MAX = 250_000  # a little above what Steam's own market let anything cost for years

_KNOWN_CENTS = {  # names whose worth every player knows, so that luck would look like a mistake
    "Mann Co. Supply Crate Key": 229,
    "Tour of Duty Ticket": 94,
    "753-Sack of Gems": 46,
    "AWP | Dragon Lore": 120_000,
    "AWP | Gungnir": 95_000,
    "AWP | Medusa": 52_000,
    "AWP | The Prince": 48_000,
    "AWP | Asiimov": 11_000,
    "AK-47 | Wild Lotus": 88_000,
    "AK-47 | Fire Serpent": 46_000,
    "AK-47 | Gold Arabesque": 41_000,
    "AK-47 | Redline": 2_800,
    "M4A1-S | Knight": 62_000,
    "M4A4 | Howl": 58_000,
}

_GUN_CENTS = {
    "Consumer Grade": 5,
    "Industrial Grade": 9,
    "Mil-Spec": 38,
    "Restricted": 170,
    "Classified": 800,
    "Covert": 3_200,
}
_GUN_PERMILLE = {
    "Sniper Rifle": 1_300,
    "Rifle": 1_250,
    "Pistol": 1_000,
    "Equipment": 900,
    "SMG": 700,
    "Shotgun": 500,
    "Machinegun": 400,
}
_WANTED_PERMILLE = {"AK-47": 1_500, "AWP": 1_700, "M4A1-S": 1_300, "M4A4": 1_200, "Desert Eagle": 1_200}
_CENTS = {  # by type, and by rarity where the type has several
    "Knife": 17_000,
    "Gloves": 14_000,
    "Container": 110,
    "Music Kit": 420,
    "Base Grade": 4,
    "High Grade": 14,
    "Remarkable": 70,
    "Exotic": 160,
    "Extraordinary": 340,
    "Contraband": 60_000,
    "Distinguished": 260,
    "Exceptional": 480,
    "Superior": 900,
    "Master": 1_800,
    "Common": 7,
    "Uncommon": 14,
    "Rare": 45,
    "Mythical": 120,
    "Legendary": 210,
    "Immortal": 420,
    "Arcana": 2_900,
    "Paint Can": 380,
    "Crate": 9,
    "Unique": 35,
    "Vintage": 60,
    "Genuine": 110,
    "Strange": 130,
    "Haunted": 240,
    "Unusual": 5_200,
    "Booster Pack": 38,
    "Foil Trading Card": 70,
    "": 180,  # Rust has no rarities
}
_FAMOUS_PERMILLE = {  # knives and gloves whose name alone is worth something
    "Karambit": 2_100,
    "Butterfly Knife": 2_300,
    "M9 Bayonet": 1_900,
    "Talon Knife": 1_400,
    "Skeleton Knife": 1_500,
    "Bayonet": 1_200,
    "Sport Gloves": 1_900,
    "Specialist Gloves": 1_500,
    "Navaja Knife": 550,
    "Gut Knife": 600,
    "Shadow Daggers": 550,
    "Falchion Knife": 700,
    "Hydra Gloves": 450,
    "Broken Fang Gloves": 450,
}
_PLAIN_FINISHES = frozenset(
    ("Safari Mesh", "Forest DDPAT", "Boreal Forest", "Scorched", "Urban Masked", "Night", "Night Stripe")
)
_PLAIN_PERMILLE = 550

_EXTERIOR_PERMILLE: dict[str | None, int] = {
    None: 1_000,
    "Factory New": 1_750,
    "Minimal Wear": 1_250,
    "Field-Tested": 1_000,
    "Well-Worn": 900,
    "Battle-Scarred": 820,
}
_STATTRAK_PERMILLE = 2_400
_STATTRAK_KNIFE_PERMILLE = 1_150
_SOUVENIR_PERMILLE = 1_600
_NARROW_HUNDREDTHS, _NARROW_PERMILLE = 2, 1_500  # a skin that is rarely found in this exterior at all

_LUCK_BITS = 512
_LUCK_STEPS = 8  # steps to a doubling; the count of set bits spreads by 11, about one and a half doublings
_STEADY = frozenset(("Knife", "Gloves", "Agent", "Music Kit"))  # whose kind says more than their luck
_JITTER_PERMILLE = 20  # two items of one kind and luck still differ a little; exteriors keep their order


def base_millicents(project: str, type_: str, rarity: str, name: str) -> int:
    """Returns the worth of a name before exterior and variant, in thousandths of a cent."""
    if name in _KNOWN_CENTS:
        return _KNOWN_CENTS[name] * 1000
    owner, _, finish = name.removeprefix("★ ").partition(" | ")
    if type_ in _GUN_PERMILLE:
        cents = _GUN_CENTS[rarity]
        permille = _GUN_PERMILLE[type_] * _WANTED_PERMILLE.get(owner, 1000) // 1000
    else:
        cents = _CENTS[type_ if type_ in _CENTS else rarity]
        permille = _FAMOUS_PERMILLE.get(owner, 1000) if project == "csgo" else 1000
        if finish in _PLAIN_FINISHES:
            permille = permille * _PLAIN_PERMILLE // 1000
    return cents * permille * _luck_permille(name, type_ in _STEADY) // 1000


@cache
def form_permille(exterior: str | None, width: int, variant: str, *, knife: bool) -> int:
    """Returns what exterior and variant make of a base; the width is that of the exterior's floats."""
    permille = _EXTERIOR_PERMILLE[exterior]
    if exterior and width <= _NARROW_HUNDREDTHS:
        permille = permille * _NARROW_PERMILLE // 1000
    if variant == "StatTrak™":
        permille = permille * (_STATTRAK_KNIFE_PERMILLE if knife else _STATTRAK_PERMILLE) // 1000
    elif variant == "Souvenir":
        permille = permille * _SOUVENIR_PERMILLE // 1000
    return permille


def price_cents(base: int, permille: int, market_hash_name: str) -> int:
    """Returns the Steam price of a market hash name, from its base and its form."""
    jitter = 1000 - _JITTER_PERMILLE + zlib.crc32(market_hash_name.encode()) % (2 * _JITTER_PERMILLE + 1)
    return min(max(base * permille * jitter // 1_000_000_000, PRICE_CENTS_MIN), PRICE_CENTS_MAX)


def day_volume(name: str, cents: int) -> int:
    """Returns how many of a name the demo's Steam sold in a day: many of the cheap, few of the dear."""
    return 1 + zlib.crc32(name.encode()) % (2 + 400_000 // (cents + 100))


def _luck_permille(name: str, steady: bool) -> int:
    """Returns the factor of chance that this name always has, log-normal around 1000."""
    digest = int.from_bytes(hashlib.blake2b(name.encode(), digest_size=_LUCK_BITS // 8).digest(), "big")
    steps = digest.bit_count() - _LUCK_BITS // 2
    return _power_permille(steps // 2 if steady else steps)


@cache
def _power_permille(steps: int) -> int:
    """Returns 1000 times two to the power of so many eighths, by an eighth root of whole numbers."""
    eighth_power = 1000**_LUCK_STEPS << steps if steps >= 0 else 1000**_LUCK_STEPS >> -steps
    return isqrt(isqrt(isqrt(eighth_power)))
