"""What operators have to do with: admins, a user whom it is all about, his money, and a trade that he disputes."""

from dialects.web.site import Site
from stock import MARKET_NOW, Stock, purchase, wish
from tradepost.market import disputes, ledger, profiles, roles, trades, users
from tradepost.market.trade_view import TradeView
from tradepost.market.users import Account
from tradepost.rules.trade import Delivered, Leased, OfferSeen

CUSTOMER = "76561198000000777"


async def make_admin(site: Site, steamid: str) -> int:
    """The command line makes somebody an admin."""
    async with site.db.transaction() as tx:
        account = await users.know(tx, steamid, "sign_in", site.app.now())
        await roles.grant(tx, account.id, site.app.real_now())
    return account.id


async def customer(site: Site, *, balance_cents: int = 0, name: str = "Cay % _") -> Account:
    """A user whom it is all about."""
    async with site.db.transaction() as tx:
        account = await users.know(tx, CUSTOMER, "operator", site.app.now(), name=name)
        if balance_cents:
            legs = (
                ledger.Posting(account.id, "balance", balance_cents),
                ledger.Posting(None, "world", -balance_cents),
            )
            await ledger.post(tx, "earned", "deposit", legs, site.app.now())
    return account


async def profiled(site: Site, account_id: int) -> None:
    """A user has told where his payouts go, long ago."""
    async with site.db.transaction() as tx:
        await profiles.set_skrill(tx, account_id, "cay@example.com", site.app.real_now())
    await site.db.execute("UPDATE profile SET skrill_set_at = skrill_set_at - interval '30 days'")


async def disputed(site: Site, text: str) -> TradeView:
    """The customer has bought something, got it, and says what is wrong with it."""
    account, app = await customer(site), site.app
    stock = Stock(site.db, people=500, assets=80_000_000_000)
    seller = await stock.person()
    await stock.online(seller)
    async with site.db.transaction() as tx:
        await ledger.deposit(tx, account.id, 1_000, "for a purchase", MARKET_NOW)
    view = await purchase(app, wish(account.id, await stock.offer(seller, 400), CUSTOMER))
    for one in (Leased(), OfferSeen(2, "7000000001"), Delivered("50000000001")):
        async with site.db.transaction() as tx:
            await trades.happened(
                tx, app.settings, view.trade.id, one, witness="public_inventory", now=app.now()
            )
    await disputes.begin(app, account.id, view.trade.id, text)
    return view
