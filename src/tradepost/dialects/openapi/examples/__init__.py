"""A request and its answer for every call, with values of our own; a test holds each against its schemas."""

from tradepost.dialects.openapi.examples.agent import AGENT
from tradepost.dialects.openapi.examples.notices import NOTICES
from tradepost.dialects.openapi.examples.operator import OPERATOR
from tradepost.dialects.openapi.examples.pay import PAY
from tradepost.dialects.openapi.examples.payments import PAYMENTS
from tradepost.dialects.openapi.examples.prices import PRICES
from tradepost.dialects.openapi.examples.rows import Example
from tradepost.dialects.openapi.examples.sales import SALES
from tradepost.dialects.openapi.examples.user import USER
from tradepost.dialects.openapi.examples.v1 import V1
from tradepost.dialects.openapi.examples.v2 import V2

__all__ = ["EXAMPLES", "Example"]

EXAMPLES: dict[tuple[str, str], Example] = {
    **{("v2", name): one for name, one in {**V2, **PRICES, **NOTICES, **PAYMENTS}.items()},
    **{("v1", name): one for name, one in V1.items()},
    **{("pay", name): one for name, one in PAY.items()},
    **{("agent", name): one for name, one in AGENT.items()},
    **{("user", name): one for name, one in {**USER, **SALES}.items()},
    **{("operator", name): one for name, one in OPERATOR.items()},
}
