"""What the calls about sales answer, key for key."""

from typing import Annotated

from msgspec import UNSET, Meta, UnsetType

from tradepost.dialects.user_api.answers import Cents, Shown, SteamIdText

Count = Annotated[int, Meta(ge=0)]
DayText = Annotated[str, Meta(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$", description="A day in UTC.")]


class SalesInformations(Shown):
    """What somebody has on sale."""

    nb: Annotated[int, Meta(ge=0, description="How many items.")]
    price: Annotated[Cents, Meta(description="Their prices together, in US cents.")]
    user: SteamIdText


class SalesInfos(Shown):
    """What somebody has on sale."""

    informations: SalesInformations


class GraphDay(Shown):
    """A day of a chart."""

    date: DayText
    buy: Annotated[Cents, Meta(description="What was bought, in US cents.")]
    sale: Annotated[Cents, Meta(description="What was sold, in US cents.")]


class ChartInformations(Shown, rename={"all_time": "global"}):
    """A chart, and for how much somebody sold; with `chart_only` the chart alone."""

    graph: Annotated[list[GraphDay], Meta(description="Every day of the period, the oldest first.")]
    week: Annotated[Cents, Meta(description="Sold in seven days, today included.")] | UnsetType = UNSET
    previousWeek: Annotated[Cents, Meta(description="In the seven days before these.")] | UnsetType = UNSET
    month: Annotated[Cents, Meta(description="In thirty days, today included.")] | UnsetType = UNSET
    previousMonth: Annotated[Cents, Meta(description="In the thirty days before these.")] | UnsetType = UNSET
    currentYear: Annotated[Cents, Meta(description="Since the first of January.")] | UnsetType = UNSET
    all_time: Annotated[Cents, Meta(description="Ever.")] | UnsetType = UNSET


class SalesChart(Shown):
    """A chart of sales."""

    informations: ChartInformations
