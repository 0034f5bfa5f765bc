"""What the calls about buy orders answer, key for key."""

from typing import Annotated

from msgspec import UNSET, Meta, UnsetType

from tradepost.dialects.user_api.answers import Cents, Done, Shown, SteamIdText

Item = Annotated[int, Meta(ge=1, description="The id of an item in the catalogue.")]


class OrderRow(Shown):
    """A buy order."""

    id: int
    steamid: SteamIdText
    user: SteamIdText
    itemid: Item
    item_id: Item
    name: str
    price: Annotated[Cents, Meta(description="The most that it pays for one, in US cents.")]
    value: Annotated[Cents, Meta(description="The same.")]
    amount: Annotated[int, Meta(ge=1, description="How many are still wanted.")]
    timestamp: Annotated[str, Meta(pattern="^[0-9]+$", description="When it was placed: Unix seconds.")]
    project: str
    bought: Annotated[int, Meta(ge=0, description="How many were bought so far.")]
    asleep: Annotated[bool, Meta(description="Whether it cannot buy at its price at the moment.")]
    explanation: Annotated[str, Meta(min_length=1, description="What it waits for, in a sentence.")]


class OrderShown(Shown):
    """One buy order."""

    informations: OrderRow


class OrderDone(Done):
    """What was done, and the order after it."""

    informations: OrderRow


class OrderGone(Done):
    """What was done, and to which order."""

    id: int
    itemid: Item


class OrdersShown(Shown):
    """A page of buy orders."""

    informations: list[OrderRow]
    page: Annotated[int, Meta(ge=0)]
    count: Annotated[int, Meta(ge=1, le=50, description="How many a page has at most.")]
    total: Annotated[int, Meta(ge=0, description="How many there are in all.")]


class DepthLevel(Shown):
    """What is wanted at one price."""

    price: Cents
    value: Annotated[Cents, Meta(description="The same.")]
    amount: Annotated[int, Meta(ge=1, description="How many items.")]
    orders: Annotated[int, Meta(ge=1, description="In how many orders.")]


class DepthOfItem(Shown):
    """What is wanted of an item, the best price first."""

    itemid: Item
    item_id: Item
    name: str
    project: str
    buyorders: list[DepthLevel]


class DepthShown(Shown):
    """What is wanted of an item."""

    informations: DepthOfItem


class OrderResult(Shown):
    """What came of one order of many."""

    itemid: Item | None
    success: bool
    informations: OrderRow | UnsetType = UNSET
    message: Annotated[str, Meta(min_length=1, description="Why it was not placed.")] | UnsetType = UNSET


class OrdersDone(Done):
    """What came of many orders, in the order asked."""

    results: list[OrderResult]
