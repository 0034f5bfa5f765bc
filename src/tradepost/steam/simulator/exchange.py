"""Trades: items change hands, rest in escrow, are protected for a week, and may go back."""

from tradepost.rules.games import BY_APPID
from tradepost.steam.simulator.entities import (
    Asset,
    Item,
    Lock,
    Offer,
    OfferState,
    Trade,
    TradeStatus,
    User,
)
from tradepost.steam.simulator.world import World

DAY_SECONDS = 86_400
HOUR_SECONDS = 3_600
REVERSER_BAN_SECONDS = 30 * DAY_SECONDS
VALVE_MIDNIGHT_SECONDS = 7 * HOUR_SECONDS  # 07:00 UTC, where Steam's day ends in summer
NEVER = -1


def hold_seconds(*users: User) -> int:
    """How long a trade between these accounts rests in escrow."""
    return max(user.hold_days for user in users) * DAY_SECONDS


def execute(world: World, offer: Offer) -> Trade | None:
    """Exchanges the items, at once or by way of escrow; None if an item is gone, which ends the offer."""
    sides = ((offer.sender, offer.give), (offer.recipient, offer.receive))
    items = [(item_named(world, owner, asset), asset) for owner, side in sides for asset in side]
    if any(item is None or not item.is_tradable(world.now()) for item, _ in items):
        world.set_offer_state(offer, OfferState.INVALID_ITEMS)
        return None
    wait = hold_seconds(world.users[offer.sender], world.users[offer.recipient])
    trade = Trade(
        id=world.new_tradeid(),
        offerid=offer.id,
        sender=offer.sender,
        recipient=offer.recipient,
        give=[_copy(asset) for asset in offer.give],
        receive=[_copy(asset) for asset in offer.receive],
        status=TradeStatus.IN_ESCROW if wait else TradeStatus.COMPLETE,
        time_init=world.now(),
        escrow_end=world.now() + wait if wait else 0,
    )
    offer.tradeid, offer.escrow_end = trade.id, trade.escrow_end
    world.set_offer_state(offer, OfferState.IN_ESCROW if wait else OfferState.ACCEPTED)
    if wait:
        for item, _ in items:
            assert item is not None  # noqa: S101 - looked at above
            world.hold_item(item, trade.id)
        world.add_trade(trade)
    else:
        deliver(world, trade)
    for _, asset in items:
        end_offers_with(world, asset.assetid)
    return trade


def item_named(world: World, owner: str, asset: Asset) -> Item | None:
    """The item that an offer names, if it still lies where the offer says."""
    return world.item_of(owner, asset.appid, asset.contextid, asset.assetid)


def end_offers_with(world: World, assetid: int) -> None:
    """Ends the live offers that name an asset which is gone."""
    for offer in world.live_offers_with(assetid):
        world.set_offer_state(offer, OfferState.INVALID_ITEMS)


def settlement_time(world: World, now: int) -> int:
    """When a trade made now can no longer be reversed, for a game that protects trades seven days."""
    step, offset = {
        "exact": (1, 0),
        "hour": (HOUR_SECONDS, 0),
        "midnight": (DAY_SECONDS, VALVE_MIDNIGHT_SECONDS),
    }[world.meta.settlement]
    return -(-(now - offset) // step) * step + offset


def deliver(world: World, trade: Trade) -> None:
    """Hands the items over under new asset ids, protected where their game protects trades."""
    now = world.now()
    protection_days = 0
    for recipient, side in ((trade.recipient, trade.give), (trade.sender, trade.receive)):
        for asset in side:
            item = world.items.get(asset.assetid)
            if item is None:  # taken out of the escrow by the control API
                continue
            game = BY_APPID.get(asset.appid)
            contextid = item.home_contextid
            if game is not None and game.protection_days:
                protection_days = max(protection_days, game.protection_days)
                item.lock = Lock.PROTECTED
                item.locked_until = settlement_time(world, now + game.protection_days * DAY_SECONDS)
                contextid = game.protected_contextid or contextid
            world.move_item(item, recipient, contextid, world.new_assetid())
            asset.new_assetid, asset.new_contextid = item.assetid, contextid
    trade.status = TradeStatus.COMPLETE
    if protection_days:
        trade.settlement = settlement_time(world, now + protection_days * DAY_SECONDS)
    offer = world.offers[trade.offerid]
    offer.settlement = trade.settlement
    if offer.state == OfferState.IN_ESCROW:
        world.set_offer_state(offer, OfferState.ACCEPTED)
    world.touch(offer)
    world.add_trade(trade)


def end_escrow(world: World, trade: Trade) -> None:
    """Gives what rests in escrow back to those who put it there."""
    for owner, side in ((trade.sender, trade.give), (trade.recipient, trade.receive)):
        for asset in side:
            item = world.items.get(asset.assetid)
            if item is not None and item.held_by == trade.id:
                world.move_item(item, owner, asset.contextid, asset.assetid)
    trade.status, trade.time_mod = TradeStatus.ESCROW_ROLLBACK, world.now()
    world.touch(trade)


def can_reverse(world: World, trade: Trade) -> bool:
    """Whether the trade is complete and still protected."""
    return trade.status == TradeStatus.COMPLETE and not trade.rollback_of and trade.settlement > world.now()


def reverse(world: World, trade: Trade, *, keep_assetids: bool = False) -> Trade:
    """Reverses a protected trade: the items go home and a second row of the history says so."""
    for owner, side in ((trade.sender, trade.give), (trade.recipient, trade.receive)):
        for asset in side:
            item = world.items.get(asset.new_assetid)
            if item is None:  # removed by the control API
                continue
            end_offers_with(world, item.assetid)
            item.lock, item.locked_until = Lock.NONE, 0
            free = keep_assetids and asset.assetid not in world.items
            world.move_item(item, owner, asset.contextid, asset.assetid if free else world.new_assetid())
    trade.status, trade.time_mod, trade.settlement = TradeStatus.PROTECTION_ROLLBACK, world.now(), 0
    world.touch(trade)
    offer = world.offers[trade.offerid]
    offer.settlement = 0
    world.set_offer_state(offer, OfferState.REVERTED)
    row = Trade(
        id=world.new_tradeid(),
        offerid=trade.offerid,
        sender=trade.sender,
        recipient=trade.recipient,
        give=[_copy(asset) for asset in trade.give],
        receive=[_copy(asset) for asset in trade.receive],
        status=TradeStatus.COMPLETE,
        time_init=world.now(),
        rollback_of=trade.id,
    )
    world.add_trade(row)
    return row


def reverse_all(world: World, reverser: User, *, keep_assetids: bool = False) -> list[Trade]:
    """What a reversal does on Steam: all protected trades of the reverser go back, and he is banned."""
    reversed_trades = [trade for trade in world.trades_of(reverser.steamid) if can_reverse(world, trade)]
    for trade in reversed_trades:
        reverse(world, trade, keep_assetids=keep_assetids)
    ban_reverser(world, reverser)
    return reversed_trades


def ban_reverser(world: World, reverser: User) -> None:
    """Bans who reversed from trading for thirty days."""
    if reverser.banned_until != NEVER:
        reverser.banned_until = max(reverser.banned_until, world.now() + REVERSER_BAN_SECONDS)
    world.touch(reverser)


def _copy(asset: Asset) -> Asset:
    return Asset(
        asset.appid, asset.contextid, asset.assetid, asset.classid, asset.instanceid, asset.market_hash_name
    )


def end_protection(world: World, trade: Trade) -> None:
    """Moves what a trade brought from the protected context to the ordinary one; the asset ids stay."""
    if trade.status != TradeStatus.COMPLETE or trade.settled:
        return
    trade.settled = True
    world.touch(trade)
    for asset in trade.give + trade.receive:
        item = world.items.get(asset.new_assetid)
        if item is not None and item.lock == Lock.PROTECTED and item.locked_until <= world.now():
            item.lock, item.locked_until = Lock.NONE, 0
            world.move_item(item, item.owner, item.home_contextid, item.assetid)
