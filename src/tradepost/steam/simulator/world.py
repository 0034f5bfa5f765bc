"""The world: everything the simulated Steam knows, in memory, with the few verbs that may change it."""

import heapq
import secrets
import time
from collections.abc import Callable, Iterable, Iterator

from tradepost.steam.simulator.entities import (
    LIVE,
    Confirmation,
    Item,
    Meta,
    Offer,
    Price,
    Trade,
    TradeStatus,
    User,
)

Entity = User | Item | Offer | Trade | Confirmation | Price | Meta
Due = tuple[int, str, int]  # when, what ("offer", "escrow", "settlement"), which

STEAMID_BASE = 76561197960265728
CLOCK_SLACK_SECONDS = 60  # whoever follows the same clock may ask a little late; that is no move back
TRADEID_STEP = 1_000_003  # trade ids of Steam are not consecutive, and nobody should rely on it here


class World:
    """All entities with their indexes; what changed is collected for the store."""

    def __init__(self, real_now: Callable[[], float] = time.time) -> None:
        self.real_now = real_now
        self.meta = Meta()
        self.users: dict[str, User] = {}
        self.items: dict[int, Item] = {}
        self.offers: dict[int, Offer] = {}
        self.trades: dict[int, Trade] = {}
        self.confirmations: dict[int, Confirmation] = {}
        self.prices: dict[tuple[int, str], Price] = {}
        self.samples: dict[tuple[int, int], Item] = {}  # (appid, classid): an item of that class, maybe gone
        # OpenID: the provider's own key, and the nonces of sign-ins not yet checked with when each dies. They
        # are not stored; whoever was signing in while the simulator died signs in again.
        self.secret = secrets.token_bytes(32)
        self.nonces: dict[str, int] = {}
        self._inventories: dict[tuple[str, int, int], dict[int, Item]] = {}
        self._offers_of: dict[str, dict[int, Offer]] = {}
        self._trades_of: dict[str, dict[int, Trade]] = {}
        self._live_with: dict[int, set[int]] = {}  # assetid: the live offers that name it
        self._due: list[Due] = []
        self._moment: int | None = None
        self._changed: dict[tuple[str, str], Entity | None] = {}

    # --- time -------------------------------------------------------------------------------------------
    def now(self) -> int:
        """Steam's time in whole seconds; while something due is done, the moment at which it was due."""
        return self._moment if self._moment is not None else self._clock()

    def move_clock(self, now: int) -> bool:
        """Moves the clock forward to this moment; False if that is in the past."""
        ahead = now - self._clock()
        if ahead > 0:
            self.meta.clock_offset_seconds += ahead
            self.touch(self.meta)
        return ahead >= -CLOCK_SLACK_SECONDS

    def schedule(self, when: int, what: str, which: int) -> None:
        """Notes that something falls due."""
        heapq.heappush(self._due, (when, what, which))

    def take_due(self) -> Iterator[Due]:
        """Takes the things whose moment has come, oldest first; the clock shows that moment meanwhile."""
        while self._due and self._due[0][0] <= self._clock():
            due = heapq.heappop(self._due)
            self._moment = due[0]
            try:
                yield due
            finally:
                self._moment = None

    def _clock(self) -> int:
        return int(self.real_now()) + self.meta.clock_offset_seconds

    # --- what changed -----------------------------------------------------------------------------------
    def touch(self, entity: Entity) -> None:
        """Notes that this entity must be stored."""
        self._changed[key_of(entity)] = entity

    def forget(self, entity: Entity) -> None:
        """Notes that this entity must be removed from the store."""
        self._changed[key_of(entity)] = None

    def take_changes(self) -> dict[tuple[str, str], Entity | None]:
        """What changed since the last call; None stands for removed."""
        changed, self._changed = self._changed, {}
        return changed

    def restore(self, entities: Iterable[Entity]) -> None:
        """Puts stored entities back, without counting them as changes."""
        for entity in entities:
            match entity:
                case Meta():
                    self.meta = entity
                case User():
                    self.users[entity.steamid] = entity
                case Item():
                    self._place(entity)
                case Offer():
                    self._index_offer(entity)
                case Trade():
                    self._index_trade(entity)
                case Confirmation():
                    self.confirmations[entity.id] = entity
                case Price():
                    self.prices[entity.appid, entity.market_hash_name] = entity

    # --- users and items --------------------------------------------------------------------------------
    def add_user(self, user: User) -> None:
        """Adds an account."""
        self.users[user.steamid] = user
        self.touch(user)

    def new_assetid(self) -> int:
        """The next asset id; ids only grow, as Steam's do."""
        while self.meta.next_assetid in self.items:
            self.meta.next_assetid += 1
        assetid = self.meta.next_assetid
        self.meta.next_assetid += 1
        self.touch(self.meta)
        return assetid

    def add_item(self, item: Item) -> None:
        """Puts a new item into its owner's inventory."""
        self._place(item)
        self.touch(item)

    def remove_item(self, item: Item) -> None:
        """Takes an item out of the world."""
        self._inventories.get(item.place, {}).pop(item.assetid, None)
        del self.items[item.assetid]
        self.forget(item)

    def move_item(self, item: Item, owner: str, contextid: int, assetid: int) -> None:
        """Gives an item to an owner under an asset id, which may be the one it had."""
        self.remove_item(item)
        item.owner, item.contextid, item.assetid, item.held_by = owner, contextid, assetid, 0
        self.add_item(item)

    def hold_item(self, item: Item, tradeid: int) -> None:
        """Takes an item out of its owner's inventory into the escrow of a trade."""
        self._inventories.get(item.place, {}).pop(item.assetid, None)
        item.held_by = tradeid
        self.touch(item)

    def item_of(self, steamid: str, appid: int, contextid: int, assetid: int) -> Item | None:
        """The item of that id if it lies in exactly this inventory."""
        return self._inventories.get((steamid, appid, contextid), {}).get(assetid)

    def inventory(self, steamid: str, appid: int, contextid: int) -> list[Item]:
        """The items of one inventory, newest first."""
        held = self._inventories.get((steamid, appid, contextid), {})
        return [held[assetid] for assetid in sorted(held, reverse=True)]

    def inventory_size(self, steamid: str, appid: int, contextid: int) -> int:
        """How many items lie in one inventory."""
        return len(self._inventories.get((steamid, appid, contextid), {}))

    def inventories(self) -> Iterator[tuple[tuple[str, int, int], dict[int, Item]]]:
        """Every inventory with what lies in it, by asset id."""
        yield from self._inventories.items()

    def places_of(self, steamid: str) -> list[tuple[int, int]]:
        """The (appid, contextid) pairs in which this account has items."""
        return sorted(
            (appid, contextid)
            for (owner, appid, contextid), held in self._inventories.items()
            if owner == steamid and held
        )

    # --- offers, trades, confirmations ------------------------------------------------------------------
    def new_offerid(self) -> int:
        """The next trade offer id."""
        offerid = self.meta.next_offerid
        self.meta.next_offerid += 1
        self.touch(self.meta)
        return offerid

    def new_tradeid(self) -> int:
        """The next trade id."""
        tradeid = self.meta.next_tradeid
        self.meta.next_tradeid += TRADEID_STEP
        self.touch(self.meta)
        return tradeid

    def add_offer(self, offer: Offer) -> None:
        """Adds an offer."""
        self._index_offer(offer)
        self.touch(offer)

    def set_offer_state(self, offer: Offer, state: int) -> None:
        """Moves an offer to a state, and keeps the index of live offers right."""
        offer.state, offer.updated = state, self.now()
        if state not in LIVE:
            offer.awaiting, offer.awaiting_method = "", 0
            self._unlist_live(offer)
            for confirmation in self.confirmations_of_offer(offer.id):
                self.remove_confirmation(confirmation)
        self.touch(offer)

    def offers_of(self, steamid: str) -> list[Offer]:
        """Every offer that this account sent or was sent, newest first."""
        known = self._offers_of.get(steamid, {})
        return [known[offerid] for offerid in sorted(known, reverse=True)]

    def live_offers_with(self, assetid: int) -> list[Offer]:
        """The live offers that name this asset."""
        return [self.offers[offerid] for offerid in sorted(self._live_with.get(assetid, ()))]

    def add_trade(self, trade: Trade) -> None:
        """Adds a row to the trade history."""
        self._index_trade(trade)
        self.touch(trade)

    def trades_of(self, steamid: str) -> list[Trade]:
        """The trades of an account, newest first."""
        return sorted(
            self._trades_of.get(steamid, {}).values(),
            key=lambda trade: (trade.time_init, trade.id),
            reverse=True,
        )

    def add_confirmation(self, confirmation: Confirmation) -> None:
        """Puts a question on a phone."""
        self.confirmations[confirmation.id] = confirmation
        self.touch(confirmation)

    def new_confirmationid(self) -> int:
        """The next confirmation id."""
        confirmationid = self.meta.next_confirmationid
        self.meta.next_confirmationid += 1
        self.touch(self.meta)
        return confirmationid

    def remove_confirmation(self, confirmation: Confirmation) -> None:
        """Takes a question off the phone."""
        del self.confirmations[confirmation.id]
        self.forget(confirmation)

    def confirmations_of_offer(self, offerid: int) -> list[Confirmation]:
        """The questions asked about an offer."""
        return [
            confirmation for confirmation in self.confirmations.values() if confirmation.offerid == offerid
        ]

    # --- indexes ----------------------------------------------------------------------------------------
    def _place(self, item: Item) -> None:
        self.items[item.assetid] = item
        self.samples[item.appid, item.classid] = item
        if not item.held_by:
            self._inventories.setdefault(item.place, {})[item.assetid] = item

    def _index_offer(self, offer: Offer) -> None:
        self.offers[offer.id] = offer
        for steamid in (offer.sender, offer.recipient):
            self._offers_of.setdefault(steamid, {})[offer.id] = offer
        if offer.state in LIVE:
            for asset in offer.assets():
                self._live_with.setdefault(asset.assetid, set()).add(offer.id)
            self.schedule(offer.expires, "offer", offer.id)

    def _unlist_live(self, offer: Offer) -> None:
        for asset in offer.assets():
            named = self._live_with.get(asset.assetid)
            if named is not None:
                named.discard(offer.id)
                if not named:
                    del self._live_with[asset.assetid]

    def _index_trade(self, trade: Trade) -> None:
        self.trades[trade.id] = trade
        for steamid in (trade.sender, trade.recipient):
            self._trades_of.setdefault(steamid, {})[trade.id] = trade
        if trade.status == TradeStatus.IN_ESCROW:
            self.schedule(trade.escrow_end, "escrow", trade.id)
        if trade.status == TradeStatus.COMPLETE and trade.settlement and not trade.settled:
            self.schedule(trade.settlement, "settlement", trade.id)


def key_of(entity: Entity) -> tuple[str, str]:
    """The kind and the key under which an entity is stored."""
    match entity:
        case User():
            key = entity.steamid
        case Item():
            key = str(entity.assetid)
        case Price():
            key = f"{entity.appid}/{entity.market_hash_name}"
        case Meta():
            key = ""
        case _:
            key = str(entity.id)
    return type(entity).__name__.lower(), key
