"""v2's calls about payments with skins: what became of each, and how the gateway is set; none of them changes it."""

from collections.abc import Sequence
from typing import Annotated, Any

import msgspec

from tradepost.dialects.fields import Id, Limit, Offset, OrderId, Since, SteamId, Until
from tradepost.dialects.pay import page_address
from tradepost.dialects.shadowpay.calls import Call, Content, Nothing
from tradepost.dialects.shadowpay.v2.notices import known_ids, notice_row, one_notice
from tradepost.dialects.shadowpay.v2.payment_answers import PaymentState
from tradepost.dialects.shadowpay.words import maybe, within_ids
from tradepost.dialects.shapes import COMMAS, Also
from tradepost.market import advances, gateways, inspection, ledger, notices
from tradepost.market.gateways import Gateway
from tradepost.market.inspection import PaymentShown, PaymentsQuery
from tradepost.market.ledger import Wallet
from tradepost.market.notices import NoticesQuery
from tradepost.market.payment_items import SKINS_MAX, Skin
from tradepost.market.telling import moment
from tradepost.rules.money import write_cents
from tradepost.rules.refusals import NotFound

PAYMENTS_MAX = 100  # on a page: each comes with its skins, which may be hundreds
NOTICES_OF_ONE_MAX = 4 * SKINS_MAX  # an IPN a skin, and at most three webhooks


class PaymentsAsked(msgspec.Struct):
    """Which payments, and which page of them."""

    ids: Annotated[list[Id], COMMAS] = []
    order_ids: Annotated[list[OrderId], COMMAS, Also("order_id")] = []
    states: Annotated[list[PaymentState], COMMAS] = []
    steamid: SteamId | None = None
    date_from: Since | None = None
    date_to: Until | None = None
    limit: Limit = Limit(100)
    offset: Offset = Offset(0)


async def list_payments(call: Call, asked: PaymentsAsked) -> Content:
    """Payments with skins, newest first, each with its skins and what came of them."""
    query = PaymentsQuery(
        ids=known_ids(asked.ids),
        order_ids=tuple(map(str, asked.order_ids)) or None,
        states=tuple(asked.states) or None,
        steamid=None if asked.steamid is None else str(asked.steamid),
        time_from=asked.date_from,
        time_to=asked.date_to,
        limit=min(int(asked.limit), PAYMENTS_MAX),
        offset=int(asked.offset),
    )
    found, total = await inspection.page(call.app, call.caller.account_id, query)
    metadata = {"limit": query.limit, "offset": query.offset, "total": total}
    return {"data": [_payment(call, one) for one in found], "metadata": metadata}


class PaymentAsked(msgspec.Struct):
    """Which payment."""

    id: Id


async def payment(call: Call, asked: PaymentAsked) -> Content:
    """One payment, with each of its notices and every attempt at them."""
    app, account_id, id_ = call.app, call.caller.account_id, within_ids(asked.id)
    found, _ = await inspection.page(app, account_id, PaymentsQuery(ids=(id_,)))
    if not found:
        raise NotFound("There is no such payment.")
    query = NoticesQuery(payment_ids=(id_,), limit=NOTICES_OF_ONE_MAX)
    told, _ = await notices.page(app, account_id, query)
    return {"data": {**_payment(call, found[0]), "notices": [notice_row(one) for one in told]}}


async def test_ipn(call: Call, asked: Nothing) -> Content:
    """Send a test IPN now, once: a real one, but of no order and no money.

    Its order_id begins with `test-`, its amount is 0.00, and it has `test=1`; look at `/notices` for what became of it.
    Answered `ok` it was received; of `error` its attempt says that your server was reached.
    """
    claim = call.claim(one_notice)
    return one_notice(await notices.ping(call.app, call.caller.account_id, claim, kind="ipn"))


async def gateway(call: Call, asked: Nothing) -> Content:
    """How the account accepts skins, and what is outstanding of its reserve; never a secret."""
    db, account_id = call.app.db, call.caller.account_id
    found = await gateways.read(db, account_id)
    if found is None:
        return {"data": None}
    outstanding_cents = await advances.outstanding_cents(db, account_id)
    return {"data": _gateway(found, await ledger.wallet(db, account_id), outstanding_cents)}


# Rows --------------------------------------------------------------------------------------------------------


def _payment(call: Call, one: PaymentShown) -> dict[str, Any]:
    payment = one.payment
    return {
        "id": str(payment.id),
        "order_id": payment.order_id,
        "account": payment.account,
        "amount": payment.amount or None,
        "token": payment.token,
        "url": page_address(call.app.settings, "en", payment.token),
        "transaction_id": payment.transaction_id,
        "steamid": one.payer_steamid,
        "state": payment.state,
        "time_created": moment(payment.created_at),
        "credited": write_cents(one.credited_cents),
        "expected": write_cents(one.expected_cents),
        "items": _skins(one.skins),
    }


def _skins(skins: Sequence[Skin]) -> list[dict[str, Any]]:
    return [
        {
            "trade_id": one.ipn_trade_id,
            "offer_id": str(one.offer_id),
            "operation_id": None if one.trade_id is None else str(one.trade_id),
            "state": one.state,
            "steam_market_hash_name": one.market_hash_name,
            "project": one.project,
            "steam_asset_id": one.assetid,
            "price": write_cents(one.price_cents),
            "fee": write_cents(one.fee_cents),
            "amount": write_cents(one.net_cents),
            "taken_back": write_cents(one.taken_back_cents),
            "protected_until": maybe(one.protected_until),
            "explanation": one.explanation,
            "time_listed": moment(one.listed_at),
            "time_credited": maybe(one.told_at),
        }
        for one in skins
    ]


def _gateway(found: Gateway, wallet: Wallet, outstanding_cents: int) -> dict[str, Any]:
    return {
        "public_hash": found.public_hash,
        "callback_url": found.callback_url,
        "ipn_on": found.ipn_on,
        "requires_v2": found.requires_v2,
        "time_created": moment(found.made_at),
        "old_secret_until": maybe(found.old_secret_until),
        "old_secret_v2_until": maybe(found.old_secret_v2_until),
        "old_notice_secret_until": maybe(found.old_notice_secret_until),
        "is_silent": found.silent_at is not None,
        "reserve": write_cents(wallet.reserve_cents),
        "outstanding": write_cents(outstanding_cents),
    }
