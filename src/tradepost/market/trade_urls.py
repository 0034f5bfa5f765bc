"""Trade URLs of users: kept for themselves alone, and looked at with Steam where Steam can be asked (rules.md 8)."""

from datetime import timedelta
from typing import Literal

from tradepost.app import App
from tradepost.market import users
from tradepost.rules.refusals import Conflicting
from tradepost.steam.answers import BadToken, Hold
from tradepost.steam.trade_url import TradeUrl

Verdict = Literal["verified", "held", "unverified"]


async def keep(app: App, account_id: int, url: TradeUrl) -> Verdict:
    """Keep a user's own trade URL; say what Steam says of it, or that it could not be asked.

    Raises Conflicting for the URL of somebody else, who would get the items, and for one that Steam does not take.
    """
    account = await users.by_id(app.db, account_id)
    if not url.belongs_to(account.steamid):
        raise Conflicting(
            "This is the trade URL of another Steam account than the one you are signed in with."
        )
    said = await app.steam.hold(account.steamid, url.token)
    if isinstance(said, BadToken):
        raise Conflicting(
            "Steam does not take this trade URL any more: copy the present one from your Steam page for trade offers."
        )
    hold_until = app.now() + timedelta(days=said.days) if isinstance(said, Hold) else None
    async with app.db.transaction() as tx:
        await users.set_trade_token(tx, account_id, url.token)
        if isinstance(said, Hold):
            await tx.execute("UPDATE account SET hold_until = $2 WHERE id = $1", account_id, hold_until)
    if isinstance(said, Hold):
        return "held" if said.days else "verified"
    return "unverified"
