"""One plot for every axis: both scales logarithmic, each curve named at its end, readable by day and by night."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bench.growth.points import Curve, Curves

# Tones that stand out from white and from black alike; the ground is left to the page.
TONES = (
    "#3b82c4",
    "#d1702a",
    "#3a9a5b",
    "#b3569b",
    "#8a7a2f",
    "#c4473f",
    "#5f7fa8",
    "#7b61c9",
    "#2f9a9a",
    "#a0683c",
)
GREY = "#808080"
WIDTH, PANEL_HEIGHT = 9.6, 3.6  # inches, at least
NAME_HEIGHT = 0.23  # inches, of a curve's name
NARROW = 50  # times the least cost: below it powers of ten alone would be a tick or two


def draw(curves: Curves, path: Path) -> None:
    """Draw all curves of an axis, a panel for each unit."""
    import matplotlib  # noqa: PLC0415 - nobody else needs it

    matplotlib.use("svg")
    # No date and no random names: the same figures are the same file.
    matplotlib.rcParams.update({"svg.hashsalt": curves.axis, "svg.fonttype": "none", "font.size": 9})
    from matplotlib import pyplot  # noqa: PLC0415 - nobody else needs it

    drawn = [curve for curve in curves.all.values() if curve.points]
    units = list(dict.fromkeys(curve.unit for curve in drawn))
    heights = [max(PANEL_HEIGHT, NAME_HEIGHT * sum(curve.unit == unit for curve in drawn)) for unit in units]
    figure, panels = pyplot.subplots(
        len(units),
        1,
        figsize=(WIDTH, sum(heights)),
        height_ratios=heights,
        squeeze=False,
        layout="constrained",
    )
    for panel, unit in zip(panels[:, 0], units, strict=True):
        _panel(panel, [curve for curve in drawn if curve.unit == unit], unit, curves.sizes_are)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    pyplot.close(figure)


def _panel(panel: Any, curves: Sequence[Curve], unit: str, sizes_are: str) -> None:
    from matplotlib import ticker  # noqa: PLC0415 - nobody else needs it

    panel.set_xscale("log")
    panel.set_yscale("log")
    ends = []
    for number, curve in enumerate(curves):
        sizes, costs = zip(*[(size, one.median) for size, one in curve.points], strict=True)
        tone = TONES[number % len(TONES)]
        panel.plot(sizes, costs, color=tone, marker="o", markersize=3.5, linewidth=1.4)
        panel.fill_between(
            sizes,
            [one.low for _, one in curve.points],
            [one.high for _, one in curve.points],
            color=tone,
            alpha=0.15,
            linewidth=0,
        )
        ends.append((costs[-1], tone, curve))
    there = sorted({size for curve in curves for size, _ in curve.points})
    low = min(one.median for curve in curves for _, one in curve.points)
    high = max(one.median for curve in curves for _, one in curve.points)
    panel.set_ylim(low / 1.8, high * 1.8)
    panel.set_xlim(there[0] / 1.15, max(there[-1], there[0] * 1.5) * 1.05)
    # Twice the size, twice the cost: through the middle, as only its steepness says anything.
    middle, left = (low * high) ** 0.5, there[0]
    centre = (left * there[-1]) ** 0.5
    panel.plot(
        [left, there[-1]], [middle * left / centre, middle * there[-1] / centre], color=GREY, linestyle="--", linewidth=1,
        scalex=False, scaley=False,
    )  # fmt: skip
    _name(panel, ends)
    panel.set_xlabel(f"{sizes_are}   (dashed: grows as its size)", color=GREY)
    panel.set_ylabel(unit, color=GREY)
    panel.xaxis.set_major_formatter(lambda size, _: short(size))
    panel.yaxis.set_major_locator(ticker.LogLocator(subs=(1, 2, 5) if high / low < NARROW else (1,)))
    panel.yaxis.set_major_formatter(lambda value, _: f"{value:,.0f}" if value >= 1 else f"{value:g}")
    panel.minorticks_off()
    panel.grid(visible=True, which="major", color=GREY, alpha=0.25, linewidth=0.6)
    panel.tick_params(colors=GREY, which="both")
    for side in ("top", "right"):
        panel.spines[side].set_visible(False)
    for side in ("left", "bottom"):
        panel.spines[side].set_color(GREY)


def _name(panel: Any, ends: list[tuple[float, str, Curve]]) -> None:
    """Write each curve's name beside its end, pushed up where two would meet."""
    place = panel.transLimits.transform
    apart = min(0.06, 1 / max(len(ends), 1))  # of the panel's height
    heights: list[float] = []
    named = sorted(ends, key=lambda end: end[0])
    for end, _, _ in named:
        height = float(place((0, panel.yaxis.get_transform().transform(end)))[1])
        heights.append(max(height, heights[-1] + apart) if heights else height)
    over = max(0.0, heights[-1] - 1.0)
    for at in range(len(heights) - 1, -1, -1):
        ceiling = 1.0 if at == len(heights) - 1 else heights[at + 1] - apart
        heights[at] = min(heights[at], ceiling) if over else heights[at]
    for height, (end, tone, curve) in zip(heights, named, strict=True):
        begin = float(place((0, panel.yaxis.get_transform().transform(end)))[1])
        panel.plot(
            (1.0, 1.012), (begin, height), color=tone, linewidth=0.7, transform=panel.transAxes, clip_on=False,
            scalex=False, scaley=False,
        )  # fmt: skip
        slope = "" if curve.exponent is None else f"  ({curve.exponent:+.2f})"
        panel.text(
            1.015,
            height,
            curve.name + slope,
            color=tone,
            transform=panel.transAxes,
            va="center",
            fontsize=8.5,
        )


def short(size: float) -> str:
    """Return a size as one would say it: 5 k, 1 M."""
    for unit, name in ((1_000_000, "M"), (1_000, "k")):
        if size >= unit:
            return f"{size / unit:g} {name}"
    return f"{size:g}"
