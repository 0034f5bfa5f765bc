"""The live view: how a payer's skins and his program stand, sent to his open page whenever it has changed."""

from datetime import datetime
from functools import partial
from typing import Any

from tradepost.dialects.web.live import Looking
from tradepost.dialects.web.pay_fates import fates
from tradepost.dialects.web.pay_till import Till
from tradepost.market import inspection, presence
from tradepost.market.inspection import PaymentShown
from tradepost.market.onlookers import Onlooker, Onlookers
from tradepost.market.presence import Program


async def shown(till: Till) -> PaymentShown:
    """The payment with its skins, as they are now."""
    app = till.visit.app
    (found,) = await inspection.shown(app.db, [till.payment], app.settings.fee_bps)
    return found


async def program(till: Till) -> Program:
    """How the payer's program stands."""
    return (await presence.programs(till.visit.app, [till.payer.id]))[till.payer.id]


def values(till: Till, found: PaymentShown, how: Program, now: datetime | None) -> dict[str, Any]:
    """What the parts of the page that follow by themselves are made of."""
    on_sale_cents = sum(skin.net_cents for skin in found.skins if skin.state == "on_sale")
    return {
        "shown": found,
        "on_sale_cents": on_sale_cents,
        "under_way_cents": found.expected_cents - on_sale_cents,
        "fates": fates(till.t, till.merchant_name, found.skins, now),
        "program": how,
        "now": till.visit.app.now(),
    }


async def live(onlookers: Onlookers, till: Till) -> Looking:
    """The changes of a payment's page as they come, until it is closed or its session ends."""
    visitor, payment = till.visit.signed_in(), till.payment
    onlookers.refuse_too_many(visitor.session_id)
    onlooker = Onlooker(visitor.session_id, payment.payer_id, payment.id, program=await program(till))
    return Looking(till.visit.app, onlookers, onlooker, partial(_parts, till))


async def _parts(till: Till, onlooker: Onlooker) -> dict[str, object]:
    """The parts of the page that may have changed."""
    found = await shown(till)
    onlooker.names = frozenset(skin.market_hash_name for skin in found.skins)
    made = values(till, found, onlooker.program, None)
    return {name: bytes(till.page(f"pay_{name}.html", **made).body).decode() for name in ("live", "program")}
