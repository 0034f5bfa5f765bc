"""What happens to trade offers: each deed once, whoever asks for it."""

from dataclasses import dataclass

from tradepost.steam.simulator.descriptions import instanceid_of
from tradepost.steam.simulator.entities import (
    LIVE,
    Asset,
    Confirmation,
    Item,
    Offer,
    OfferState,
    Trade,
    TradeStatus,
    User,
)
from tradepost.steam.simulator.exchange import (
    DAY_SECONDS,
    NEVER,
    deliver,
    end_escrow,
    end_protection,
    execute,
)
from tradepost.steam.simulator.world import World

OFFER_SECONDS = 14 * DAY_SECONDS
EMAIL, MOBILE = 1, 2


def settle_due(world: World) -> None:
    """Does everything whose moment has come: offers expire, escrows and protections end."""
    for _, what, which in world.take_due():
        if what == "offer":
            offer = world.offers[which]
            if offer.state in LIVE and offer.expires <= world.now():
                world.set_offer_state(offer, OfferState.EXPIRED)
        elif what == "escrow":
            trade = world.trades[which]
            if trade.status == TradeStatus.IN_ESCROW:
                deliver(world, trade)
        else:
            end_protection(world, world.trades[which])


def is_banned(user: User, now: int) -> bool:
    """Whether the account has a trade ban."""
    return user.banned_until == NEVER or user.banned_until > now


def asset_of(item: Item, now: int) -> Asset:
    """The item as an offer names it."""
    return Asset(
        item.appid,
        item.contextid,
        item.assetid,
        item.classid,
        instanceid_of(item, now),
        item.market_hash_name,
    )


@dataclass
class Draft:
    """An offer that has passed every check and is about to be made."""

    sender: User
    recipient: User
    give: list[Item]
    receive: list[Item]
    message: str


def create_offer(world: World, draft: Draft) -> Offer:
    """Makes an offer; it waits for the sender's confirmation if he gives something away."""
    now, sender = world.now(), draft.sender
    offer = Offer(
        id=world.new_offerid(),
        sender=sender.steamid,
        recipient=draft.recipient.steamid,
        give=[asset_of(item, now) for item in draft.give],
        receive=[asset_of(item, now) for item in draft.receive],
        message=draft.message,
        state=OfferState.ACTIVE,
        created=now,
        updated=now,
        expires=now + OFFER_SECONDS,
    )
    if draft.give and sender.confirmation != "none":
        offer.state = OfferState.NEEDS_CONFIRMATION
    world.add_offer(offer)
    if offer.state == OfferState.NEEDS_CONFIRMATION:
        _ask(world, offer, sender, accepting=False)
    return offer


def accept_offer(world: World, offer: Offer) -> Trade | None:
    """The recipient accepts: the trade, or None while his confirmation is awaited."""
    recipient = world.users[offer.recipient]
    if offer.receive and recipient.confirmation != "none":
        if not offer.awaiting:
            _ask(world, offer, recipient, accepting=True)
        return None
    return execute(world, offer)


def confirm(world: World, offer: Offer) -> bool:
    """The awaited confirmation is given; False if nothing was awaited or the offer has died."""
    if offer.state not in LIVE or not offer.awaiting:
        return False
    if offer.awaiting == offer.recipient:
        return execute(world, offer) is not None
    for confirmation in world.confirmations_of_offer(offer.id):
        world.remove_confirmation(confirmation)
    offer.awaiting, offer.awaiting_method = "", 0
    world.set_offer_state(offer, OfferState.ACTIVE)
    return True


def withdraw(world: World, offer: Offer, state: int) -> bool:
    """Ends a live offer, or the escrow of an accepted one, in this state; False if it was over already."""
    if offer.state == OfferState.IN_ESCROW:
        end_escrow(world, world.trades[offer.tradeid])
    elif offer.state not in LIVE:
        return False
    world.set_offer_state(offer, state)
    return True


def _ask(world: World, offer: Offer, user: User, *, accepting: bool) -> None:
    offer.awaiting, offer.awaiting_method = user.steamid, MOBILE if user.confirmation == "mobile" else EMAIL
    world.touch(offer)
    if offer.awaiting_method == MOBILE:
        number = world.new_confirmationid()
        nonce = (number * 6_364_136_223_846_793_005 + 1_442_695_040_888_963_407) % 10**19
        world.add_confirmation(Confirmation(number, nonce, user.steamid, offer.id, world.now(), accepting))
