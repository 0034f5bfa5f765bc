"""Offers: items of users put on sale, repriced, taken off again, and ended when their item is gone.

The rows settle every race: a unique index says that an asset is on sale once, a row's lock says who came first.
"""

from tradepost.market.endings import end_all_of_seller, end_missing
from tradepost.market.offers.changing import CancelAnswers, PriceAnswers, cancel, reprice
from tradepost.market.offers.making import make, make_by
from tradepost.market.offers.rows import (
    OFFERS_MAX,
    Offer,
    Reprice,
    Repriced,
    Wanted,
    by_id,
    live_assetids,
    price_terms,
)

__all__ = [
    "OFFERS_MAX",
    "CancelAnswers",
    "Offer",
    "PriceAnswers",
    "Reprice",
    "Repriced",
    "Wanted",
    "by_id",
    "cancel",
    "end_all_of_seller",
    "end_missing",
    "live_assetids",
    "make",
    "make_by",
    "price_terms",
    "reprice",
]
