"""What the calls about the past answer, key for key."""

from typing import Annotated, Literal

from msgspec import Meta

from tradepost.dialects.user_api.answers import Cents, Shown, Unix

Kind = Annotated[str, Meta(description="Why it moved: a kind of transfer of the ledger.")]
More = Annotated[int, Meta(description="How much more it has after it, in US cents; less where below zero.")]


class HistoryShown(Shown):
    """Which page of how many rows."""

    page: Annotated[int, Meta(ge=0)]
    count: Annotated[int, Meta(ge=1, le=50, description="How many a page has at most.")]
    total: Annotated[int, Meta(ge=0, description="How many there are in all.")]


class PurchaseRow(Shown):
    """A trade."""

    id: int
    itemid: Annotated[int, Meta(ge=1, description="The id of an item in the catalogue.")]
    name: str
    project: str
    price: Cents
    state: Literal["active", "finished", "cancelled"]
    reversed: Annotated[bool, Meta(description="Whether it was taken back after it was delivered.")]
    explanation: Annotated[str, Meta(description="Where it stands, in a sentence.")]
    timestamp: Unix
    ended: Unix | None


class SaleRow(PurchaseRow):
    """A trade, as the one sees it who is paid."""

    fee: Annotated[Cents, Meta(description="The market's fee, in US cents.")]
    amount: Annotated[Cents, Meta(description="The price less the fee: what is paid once it is finished.")]


class Purchases(HistoryShown):
    """A page of what was bought."""

    informations: list[PurchaseRow]


class Sales(HistoryShown):
    """A page of what was sold."""

    informations: list[SaleRow]


class MovementRow(Shown):
    """A movement of money that can be spent."""

    id: int
    type: Kind
    trade: int | None
    bucket: Annotated[
        Literal["deposit", "balance"], Meta(description="What was topped up, or what was earned.")
    ]
    amount: More
    after: Annotated[Cents, Meta(description="What was in the bucket after it, in US cents.")]
    balance: Annotated[Cents, Meta(description="What could be spent after it, in US cents.")]
    timestamp: Unix


class Movements(HistoryShown):
    """A page of movements."""

    informations: list[MovementRow]


class TransactionRow(Shown):
    """Money that moved for no trade."""

    id: int
    type: Kind
    deposit: More
    balance: More
    payout: More
    reserve: More
    timestamp: Unix


class Transactions(HistoryShown):
    """A page of transactions."""

    informations: list[TransactionRow]
