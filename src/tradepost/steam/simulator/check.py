"""What must always be true of the world, whatever was asked of it."""

from collections.abc import Iterator

from tradepost.steam.simulator.entities import LIVE, TradeStatus
from tradepost.steam.simulator.world import World


def faults_of(world: World) -> list[str]:
    """What does not add up, a sentence each; nothing, if this program is right."""
    return [*_item_faults(world), *_offer_faults(world)]


def _item_faults(world: World) -> Iterator[str]:
    seen: dict[int, tuple[str, int, int]] = {}
    for place, held in world.inventories():
        for assetid, item in held.items():
            if assetid in seen:
                yield f"asset {assetid} lies in {seen[assetid]} and in {place}"
            seen[assetid] = place
            if item.place != place or item.assetid != assetid:
                yield f"asset {assetid} lies in {place} but says {item.place}"
            if world.items.get(assetid) is not item:
                yield f"asset {assetid} lies in {place} but is not in the world"
    for assetid, item in world.items.items():
        if item.owner not in world.users:
            yield f"asset {assetid} belongs to nobody we know"
        if item.held_by:
            trade = world.trades.get(item.held_by)
            if assetid in seen or trade is None or trade.status != TradeStatus.IN_ESCROW:
                yield f"asset {assetid} rests in the escrow of trade {item.held_by}, which holds nothing"
        elif assetid not in seen:
            yield f"asset {assetid} is in no inventory"


def _offer_faults(world: World) -> Iterator[str]:
    for offer in world.offers.values():
        if offer.state not in LIVE:
            continue
        for owner, side in ((offer.sender, offer.give), (offer.recipient, offer.receive)):
            for asset in side:
                if world.item_of(owner, asset.appid, asset.contextid, asset.assetid) is None:
                    yield f"offer {offer.id} is live but asset {asset.assetid} is gone"
        if offer.expires <= world.now():
            yield f"offer {offer.id} is live but expired"
    for confirmation in world.confirmations.values():
        asked = world.offers.get(confirmation.offerid)
        if asked is None or asked.state not in LIVE:
            yield f"confirmation {confirmation.id} asks about an offer that is not live"
