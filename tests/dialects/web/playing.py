"""What the sandbox's console plays with: a trade of the visitor's whose Steam offer is really there."""

from dialects.web.site import USER, Site
from stock import MARKET_NOW, Stock, purchase, wish
from tradepost.market import ledger, trades, users
from tradepost.market.trade_view import TradeView
from tradepost.rules.trade import Leased, OfferSeen

SELLER = "76561198000000555"
ITEM = "AK-47 | Redline (Field-Tested)"


async def account_of(site: Site, steamid: str = USER) -> int:
    async with site.db.transaction() as tx:
        return (await users.know(tx, steamid, "sign_in", site.app.now())).id


async def bought(site: Site) -> tuple[TradeView, str]:
    """The visitor has bought something whose Steam offer is really there; the trade and that offer."""
    account, sim, app = await account_of(site), site.box.sim, site.app
    world = {"steamid": SELLER, "name": "Sel", "confirmation": "none", "items": [{"appid": 730, "market_hash_name": ITEM}]}  # fmt: skip
    await site.box.world(world)
    shown = await sim.control("GET", f"/_sim/users/{SELLER}")
    assetid = shown["items"]["730/2"][0]["assetid"]
    made = await sim.control("POST", "/_sim/offers", {"from": SELLER, "to": USER, "give": [assetid]})
    seller, stock = await account_of(site, SELLER), Stock(site.db)
    await stock.online(seller)
    await site.db.execute("UPDATE account SET trade_token = 'tokenabc' WHERE id = $1", seller)
    async with site.db.transaction() as tx:
        await ledger.deposit(tx, account, 1_000, "for a purchase", MARKET_NOW)
    view = await purchase(app, wish(account, await stock.offer(seller, 400), USER))
    for event in (Leased(), OfferSeen(2, made["id"])):
        async with site.db.transaction() as tx:
            await trades.happened(tx, app.settings, view.trade.id, event, witness="agent", now=app.now())
    return view, str(made["id"])
