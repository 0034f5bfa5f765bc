"""The demo's world: fifty people and those of a game site, what they own and what of it is on sale, the same for the same seed.

It only describes. Whoever starts the demo fills the market's database from it and posts `simulator_payload()`
to the simulated Steam, so that both sides know the same people and the same assets.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from tradepost.demo import catalogue
from tradepost.demo.catalogue import Item
from tradepost.demo.dice import Dice
from tradepost.demo.people import Grant, Role, User, cast_people, give_grants
from tradepost.demo.players import cast_players
from tradepost.demo.prices import day_volume
from tradepost.demo.stock import STAPLES, Asset, Stock
from tradepost.rules.games import GAMES

__all__ = ["Asset", "Grant", "Offer", "Role", "User", "World", "build"]

OFFERS = 5_000
ASSETS_NOT_ON_SALE = 2_000
LISTED_WITHIN = timedelta(days=30)
PROTECTED_FOR = timedelta(days=5)  # what the first seller bought two days ago
THROUGH_MERCHANT_ONE_IN = (
    10  # of the offers whose seller lets the merchant list; the staples he lists himself
)

OFFER_CENTS_MIN = 2  # leaves the seller a cent after the fee
OFFER_PERMILLE_MIN, OFFER_PERMILLE_MAX = 700, 1_300  # of the Steam price


@dataclass(frozen=True, slots=True)
class Offer:
    """An asset on sale."""

    seller_steamid: str
    payee_steamid: str  # who listed it and is paid: the seller himself, or the merchant by the seller's grant
    asset: Asset
    price_cents: int
    created_at: datetime


@dataclass(frozen=True, slots=True)
class World:
    """Everything that is so when the demo opens for the first time."""

    seed: int
    now: datetime
    users: tuple[User, ...]
    grants: tuple[Grant, ...]
    offers: tuple[Offer, ...]  # the oldest first

    def with_role(self, role: Role) -> tuple[User, ...]:
        """Returns the users who have the role, in their order."""
        return tuple(user for user in self.users if user.role == role)

    @property
    def merchant(self) -> User:
        """The shop whose token the demo prints."""
        return self.with_role(Role.MERCHANT)[0]

    @property
    def buyer(self) -> User:
        """The merchant's customer."""
        return self.with_role(Role.BUYER)[0]

    @property
    def site(self) -> User:
        """The game site that is paid with skins."""
        return self.with_role(Role.SITE)[0]

    @property
    def with_program(self) -> tuple[User, ...]:
        """Those whose own programs send their items: sellers, and a player."""
        return tuple(user for user in self.users if user.is_online)

    def simulator_payload(self) -> dict[str, Any]:
        """Returns the body of the simulator's `POST /_sim/world`: the people, and all prices."""
        # In the order in which a restarted simulator has them, too: it lists them where somebody signs in.
        users = sorted(self.users, key=lambda user: user.steamid)
        return {
            "users": [_simulated_user(user) for user in users],
            "prices": [
                {
                    "appid": GAMES[item.project].appid,
                    "market_hash_name": item.market_hash_name,
                    "price_cents": item.price_cents,
                    "volume": day_volume(item.market_hash_name, item.price_cents),
                }
                for item in catalogue.load()
            ],
        }


def build(seed: int = 7, *, now: datetime) -> World:
    """Returns the world of the seed as of `now`, a time with its zone; nothing in it is younger."""
    if now.tzinfo is None:
        raise ValueError("the world's time needs its zone")
    now = now.astimezone(UTC).replace(microsecond=0)
    dice = Dice(seed)
    users = list(cast_people(dice))
    merchant, sellers = users[0], [user for user in users if user.role == Role.SELLER]
    grants = tuple(give_grants(dice, merchant, sellers))
    granting = {grant.seller_steamid for grant in grants}
    stock = Stock(dice)

    offers = []
    belongings: dict[str, list[Asset]] = {user.steamid: [] for user in users}
    for seller, asset in _assets_to_sell(dice, stock, sellers):
        is_staple = asset.item.market_hash_name in STAPLES
        through_merchant = (
            seller.steamid in granting and dice.roll(THROUGH_MERCHANT_ONE_IN) == 0 and not is_staple
        )
        offers.append(
            Offer(
                seller_steamid=seller.steamid,
                payee_steamid=merchant.steamid if through_merchant else seller.steamid,
                asset=asset,
                price_cents=_offer_cents(dice, asset.item.price_cents),
                created_at=now - timedelta(seconds=1 + dice.roll(int(LISTED_WITHIN.total_seconds()))),
            )
        )
        belongings[seller.steamid].append(asset)
    for _ in range(ASSETS_NOT_ON_SALE):
        belongings[dice.pick(users).steamid].append(stock.draw())
    protected_until = now + PROTECTED_FOR
    belongings[sellers[0].steamid] += [stock.make(it, protected_until=protected_until) for it in _staples()]

    return World(
        seed=seed,
        now=now,
        users=(
            *(replace(user, inventory=tuple(belongings[user.steamid])) for user in users),
            *cast_players(seed, protected_until),
        ),
        grants=grants,
        offers=tuple(sorted(offers, key=lambda offer: (offer.created_at, offer.asset.assetid))),
    )


def _assets_to_sell(dice: Dice, stock: Stock, sellers: Sequence[User]) -> Iterator[tuple[User, Asset]]:
    """Yields who offers what: the first seller every staple, then all sellers anything, some far more."""
    for item in _staples():
        yield sellers[0], stock.make(item)
    busy = [seller for seller in sellers for _ in range(1 + dice.roll(4))]
    for _ in range(OFFERS - len(STAPLES)):
        yield dice.pick(busy), stock.draw()


def _staples() -> list[Item]:
    """Returns the items that a tour of the demo may count on."""
    return [catalogue.by_name()["csgo", name] for name in STAPLES]


def _offer_cents(dice: Dice, steam_cents: int) -> int:
    """Returns a price around Steam's, rounded to the cent half up."""
    permille = OFFER_PERMILLE_MIN + dice.roll(OFFER_PERMILLE_MAX - OFFER_PERMILLE_MIN + 1)
    return max(OFFER_CENTS_MIN, (steam_cents * permille + 500) // 1000)


def _simulated_user(user: User) -> dict[str, Any]:
    """Returns a user as the simulated Steam takes him."""
    return {
        "steamid": user.steamid,
        "name": user.name,
        "trade_token": user.trade_token,
        "private": user.is_private,
        "hold_days": user.hold_days,
        "items": [_simulated_asset(asset) for asset in user.inventory],
    }


def _simulated_asset(asset: Asset) -> dict[str, Any]:
    """Returns an asset as the simulated Steam takes it; that a locked one is not tradable it knows."""
    item, until = asset.item, asset.protected_until
    return {
        "appid": GAMES[item.project].appid,
        "contextid": asset.contextid,
        "assetid": asset.assetid,
        "market_hash_name": item.market_hash_name,
        "float": asset.float_value,
        "paintseed": asset.paint_seed,
        "paintindex": item.paint_index,
        "def_index": item.def_index,
        "type": item.type,
        "rarity": item.rarity,
        "exterior": item.exterior,
        "stattrak": item.is_stattrak,
        "icon": item.icon,
        "tradable": asset.is_tradable,
        "marketable": True,
        "tradable_after": int(until.timestamp()) if until else None,
        "commodity": item.commodity,
    }
