"""What the calls about money answer, key for key."""

from typing import Annotated, Literal

from msgspec import Meta

from tradepost.dialects.user_api.answers import Cents, Done, Shown, Unix


class Notifications(Shown):
    """How much there is to read."""

    count: Annotated[int, Meta(ge=0, description="How many payment alerts are unread.")]
    paymentReviews: Annotated[int, Meta(ge=0, description="How many payment reviews are unread.")]


class AlertRow(Shown):
    """What somebody is told of his money."""

    id: int
    text: Annotated[str, Meta(min_length=1)]
    timestamp: Unix
    closed: Annotated[bool, Meta(description="Whether it is read.")]


class AlertsShown(Shown):
    """A page of payment alerts, or of payment reviews."""

    informations: list[AlertRow]
    page: Annotated[int, Meta(ge=0)]
    count: Annotated[int, Meta(ge=1, le=50)]
    total: Annotated[int, Meta(ge=0)]


class PayoutRow(Shown):
    """A payout."""

    id: int
    amount: Cents
    method: Literal["skrill"]
    address: Annotated[str, Meta(description="The Skrill account that it goes to.")]
    state: Annotated[
        Literal["asked", "approved", "sending", "unknown", "paid", "refused"],
        Meta(description="Where it stands; `paid` and `refused` are its ends."),
    ]
    reason: Annotated[str, Meta(description="Why it was refused, or what is looked into.")]
    reference: Annotated[str | None, Meta(description="Skrill's, of what was paid.")]
    timestamp: Annotated[Unix, Meta(description="When it was asked for.")]
    changed: Unix


class PayoutAsked(Done):
    """A payout was asked for, and its money is held."""

    informations: PayoutRow


class PayoutsShown(Shown):
    """A page of payouts."""

    informations: list[PayoutRow]
    page: Annotated[int, Meta(ge=0)]
    count: Annotated[int, Meta(ge=1, le=50)]
    total: Annotated[int, Meta(ge=0)]


class DisputeBegun(Done):
    """A trade is disputed."""

    trade: int
    timestamp: Unix


class DepositBegun(Shown):
    """A deposit can be paid."""

    url: Annotated[
        str, Meta(pattern="^https?://", description="Lead the user there; he comes back when he has paid.")
    ]
