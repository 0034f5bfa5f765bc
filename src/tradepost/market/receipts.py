"""Receipts: who pays for a trade says himself that the item has arrived, where nobody else can see it.

He is a witness who is not paid (rules.md 2), and his word speaks against his own purse. It counts for the delivery
alone: that the item stayed is looked for when Steam's protection is over.
"""

from tradepost.app import App
from tradepost.market import trades
from tradepost.rules.refusals import Conflicting, NotFound
from tradepost.rules.trade import Decision, Delivered, State, Trade

NO_TRADE = "There is no such trade of yours."
NOT_SENT = "There is nothing to confirm: the item was not sent, or has been seen with you already."
OWN = "Who is paid for a trade cannot be the witness of its delivery."


def can_confirm(trade: Trade, account_id: int) -> bool:
    """Whether somebody may say that the item of a trade has arrived."""
    return (
        trade.buyer_id == account_id
        and account_id not in (trade.payee_id, trade.seller_id)
        and trade.state is State.SENT
    )


async def confirm(app: App, account_id: int, trade_id: int) -> Decision:
    """Take the word of who pays for a trade that its item has arrived.

    Raises NotFound for a trade that he does not pay, Conflicting where there is nothing that he could confirm.
    """
    async with app.db.transaction() as tx:
        view = await trades.lock(tx, trade_id)
        if view is None or view.trade.buyer_id != account_id:
            raise NotFound(NO_TRADE)
        if not can_confirm(view.trade, account_id):
            raise Conflicting(OWN if account_id in (view.trade.payee_id, view.trade.seller_id) else NOT_SENT)
        decision = await trades.happened(
            tx, app.settings, trade_id, Delivered(None), witness="buyer", now=app.now()
        )
        if decision.refused:
            raise Conflicting(decision.refused)
    await trades.after(app, decision)
    return decision
