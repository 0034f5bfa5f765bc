"""Affiliates: how long a link's click counts, and what is earned by whom it brought."""

from datetime import timedelta

from tradepost.rules.money import BPS

CLICK_COUNTS = timedelta(days=30)  # from the click to the sign-in that follows it
SHARE_MAX_BPS = 5_000  # of the fee; both sides of a trade may have been brought by somebody


def commission_cents(fee_cents: int, share_bps: int) -> int:
    """Return what an affiliate earns of a trade's fee: the share in 1/10000, rounded down for the market."""
    return fee_cents * share_bps // BPS
