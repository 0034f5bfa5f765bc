"""The game site's people, of whom one can pay with skins at once, and the two who run the market.

They come after everybody else and throw dice of their own, so that the rest of the town stays what it was.
"""

from collections.abc import Iterator
from datetime import datetime

from tradepost.demo import catalogue
from tradepost.demo.dice import Dice
from tradepost.demo.people import Role, User, steamid, trade_token
from tradepost.demo.stock import Asset, Stock

SITE_NAME = "Lantern Arcade"
PAYER_NAME = "Robin pays with skins"
BARE_NAME = "Toni has no program yet"
OPERATOR_NAMES = ("Olga runs this market", "Otto approves with her")
PAYER_PROCESS = 0  # which of the sellers' programs sends his items
# Below everybody else's, so that the simulated Steam's list of who may sign in begins with them.
ACCOUNT_ID_MIN, ACCOUNT_ID_SPAN = 20_000_000, 10_000_000
SEED_STEP = 1_000_000  # from the town's dice to theirs
FIRST_ASSETID = 39_000_000_000  # far above the town's

SKINS = (  # of many prices, and none of the staples: those are spared by the robots
    "AK-47 | Ice Coaled (Field-Tested)",
    "Glock-18 | Vogue (Field-Tested)",
    "AK-47 | Vulcan (Field-Tested)",
    "P90 | Asiimov (Field-Tested)",
    "AWP | Fever Dream (Field-Tested)",
    "Desert Eagle | Kumicho Dragon (Field-Tested)",
    "Tec-9 | Fuel Injector (Field-Tested)",
    "M4A1-S | Electrum (Minimal Wear)",
    "USP-S | Cortex (Field-Tested)",
    "Souvenir Desert Eagle | Urban Rubble (Field-Tested)",
    "Recoil Case",
    "Glock-18 | Bunsen Burner (Field-Tested)",
    "StatTrak™ USP-S | 27 (Minimal Wear)",
    "SSG 08 | Mainframe 001 (Minimal Wear)",
    "P250 | Exchanger (Minimal Wear)",
    "Sticker | Phoenix Balaclava Co. (Holo)",
    "Five-SeveN | Urban Hazard (Field-Tested)",
    "FAMAS | Half Sleeve (Field-Tested)",
)
UNTRADABLE_SKIN = "Glock-18 | Wraiths (Field-Tested)"
PROTECTED_SKIN = "M4A4 | Temukau (Minimal Wear)"  # traded lately
OTHERS = (  # Dota 2 and Rust items settle at once, as Steam protects no trade of them
    ("dota2", "Inscribed Dark Artistry Cape"),
    ("dota2", "Taunt: Techies Air Guitar"),
    ("rust", "Glory AK47"),
    ("tf2", "Strange Shortstop"),
)
BARE_SKINS = (
    "AK-47 | Slate (Field-Tested)",
    "AWP | Atheris (Field-Tested)",
    "Dreams & Nightmares Case",
    "P250 | Bone Mask (Field-Tested)",
)


def cast_players(seed: int, protected_until: datetime) -> Iterator[User]:
    """Yields the site, which owns nothing, the player who can pay at once, one without a program, and the operators."""
    dice = Dice(seed + SEED_STEP)
    stock = Stock(dice, first_assetid=FIRST_ASSETID)

    def person(role: Role, name: str, inventory: tuple[Asset, ...] = (), process: int | None = None) -> User:
        own_id = steamid(dice, ACCOUNT_ID_MIN, ACCOUNT_ID_SPAN)
        return User(own_id, name, role, trade_token(dice), agent_process=process, inventory=inventory)

    yield person(Role.SITE, SITE_NAME)
    known = catalogue.by_name()
    yield person(
        Role.PLAYER,
        PAYER_NAME,
        (
            *(stock.make(known["csgo", name]) for name in SKINS),
            stock.make(known["csgo", UNTRADABLE_SKIN], is_tradable=False),
            stock.make(known["csgo", PROTECTED_SKIN], protected_until=protected_until),
            *(stock.make(known[item]) for item in OTHERS),
        ),
        PAYER_PROCESS,
    )
    yield person(Role.PLAYER, BARE_NAME, tuple(stock.make(known["csgo", name]) for name in BARE_SKINS))
    for name in OPERATOR_NAMES:
        yield person(Role.OPERATOR, name)
