"""The people of the demo: who they are, what they do, and which sellers let the merchant act for them."""

import string
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from tradepost.demo.dice import Dice
from tradepost.demo.personas import persona_names
from tradepost.demo.stock import Asset

SELLERS, CUSTOMERS, ROBOTS = 36, 9, 3  # beside the merchant and his buyer: fifty people, and see `players`
ONLINE_SELLERS = 30
AGENT_PROCESSES = 3
WITHHOLDING_SELLERS = (5, 17, 31, 35)  # who give the merchant no grant; the last two are offline
PRIVATE_CUSTOMER, HELD_CUSTOMER = 2, 4
HOLD_DAYS = 15  # how long Steam holds the trades of an account without a mobile authenticator

MERCHANT_DEPOSIT_CENTS = 10_000_000
ROBOT_DEPOSIT_CENTS = 2_500_000
CUSTOMER_DEPOSIT_STEP_CENTS, CUSTOMER_DEPOSIT_STEPS = 2_500, 20
FLOORS_BPS = (0, 0, 5_000, 6_000, 6_500)  # no offer of the demo lies below

_STEAMID_BASE = 76561197960265728
_ACCOUNT_ID_MIN, _ACCOUNT_ID_SPAN = 40_000_000, 1_500_000_000
_TOKEN_ALPHABET, _TOKEN_CHARS = string.ascii_letters + string.digits + "_-", 8


class Role(StrEnum):
    """What a person does in the demo."""

    MERCHANT = "merchant"  # the shop whose token the curl lines use: lists for sellers, buys for customers
    BUYER = "buyer"  # the merchant's customer in those lines
    SELLER = "seller"
    CUSTOMER = "customer"  # receives what the robots buy
    ROBOT = "robot"  # a shop of its own that buys by itself, so that trades keep happening
    SITE = "site"  # the game site that is paid with skins
    PLAYER = "player"  # of that site
    OPERATOR = "operator"  # an admin of the market: where two have to agree, there are two


@dataclass(frozen=True, slots=True)
class User:
    """A person with a Steam account."""

    steamid: str
    name: str
    role: Role
    trade_token: str
    is_private: bool = False  # his inventory
    hold_days: int = 0  # for which Steam holds his trades
    agent_process: int | None = None  # which process runs his agent; None while he is offline
    deposit_cents: int = 0
    inventory: tuple[Asset, ...] = ()

    @property
    def is_online(self) -> bool:
        """Whether his agent runs."""
        return self.agent_process is not None


@dataclass(frozen=True, slots=True)
class Grant:
    """A seller's word that a merchant may act for his items, with his least share of the Steam price."""

    merchant_steamid: str
    seller_steamid: str
    floor_bps: int


def cast_people(dice: Dice) -> Iterator[User]:
    """Yields everybody, without belongings yet: the merchant, his buyer, sellers, customers, robots."""
    names = persona_names(dice)

    def person(role: Role, name: str = "", **traits: Any) -> User:
        return User(steamid(dice), name or next(names), role, trade_token(dice), **traits)

    yield person(Role.MERCHANT, "Lantern Skins", deposit_cents=MERCHANT_DEPOSIT_CENTS)
    yield person(Role.BUYER, "mika_plays")
    for number in range(SELLERS):
        process = number % AGENT_PROCESSES if number < ONLINE_SELLERS else None
        yield person(Role.SELLER, agent_process=process)
    for number in range(CUSTOMERS):
        deposit_cents = CUSTOMER_DEPOSIT_STEP_CENTS * dice.roll(CUSTOMER_DEPOSIT_STEPS)
        yield person(
            Role.CUSTOMER,
            is_private=number == PRIVATE_CUSTOMER,
            hold_days=HOLD_DAYS if number == HELD_CUSTOMER else 0,
            deposit_cents=deposit_cents,
        )
    for number in range(ROBOTS):
        yield person(Role.ROBOT, f"Robot Shop {number + 1}", deposit_cents=ROBOT_DEPOSIT_CENTS)


def give_grants(dice: Dice, merchant: User, sellers: Sequence[User]) -> Iterator[Grant]:
    """Yields the grants of most sellers to the merchant; a few keep their items to themselves."""
    withheld = {sellers[number].steamid for number in WITHHOLDING_SELLERS}
    for seller in sellers:
        if seller.steamid not in withheld:
            yield Grant(merchant.steamid, seller.steamid, dice.pick(FLOORS_BPS))


def steamid(dice: Dice, least: int = _ACCOUNT_ID_MIN, span: int = _ACCOUNT_ID_SPAN) -> str:
    """Returns the SteamID64 of an account number that may exist."""
    return str(_STEAMID_BASE + least + dice.roll(span))


def trade_token(dice: Dice) -> str:
    """Returns the token of a trade URL."""
    return "".join(dice.pick(_TOKEN_ALPHABET) for _ in range(_TOKEN_CHARS))
