"""What the scenes of both versions put on the stage: an inventory with a price, a trade that has come somewhere."""

from dialects.shop import Shop
from tradepost.market import steam_items, trades
from tradepost.rules.trade import Event

IVORY = "P2000 | Ivory (Well-Worn)"
SABRE = "Rezan The Ready | Sabre"


async def in_inventory(shop: Shop, *names: str) -> list[str]:
    """Items of the seller on Steam, each with a Steam price of 1.00, and one of another game; their asset ids."""
    items = [{"appid": 730, "market_hash_name": name} for name in names]
    items += [
        {"appid": 730, "market_hash_name": IVORY, "tradable": False},
        {"appid": 570, "market_hash_name": SABRE},
    ]
    await shop.box.world({"steamid": shop.seller_steamid, "items": items})
    async with shop.db.transaction() as tx:
        await steam_items.set_prices(tx, "csgo", dict.fromkeys(names, 100), shop.app.now())
    reply = await shop.get("account/inventory", params={"steamid": shop.seller_steamid, "project": "csgo"})
    rows = {row["steam_market_hash_name"]: row["assetid"] for row in reply.body["data"] if row["tradable"]}
    return [rows[name] for name in names]


async def bought(shop: Shop, offer: int, custom_id: str | None, *events: Event) -> int:
    """A trade of the merchant's own buying, in which these things have happened; its id."""
    reply = await shop.buy(id=offer, **({} if custom_id is None else {"custom_id": custom_id}))
    trade_id = int(reply.body["id"])
    async with shop.db.transaction() as tx:
        for event in events:
            await trades.happened(tx, shop.app.settings, trade_id, event, witness="agent", now=shop.app.now())
    return trade_id
