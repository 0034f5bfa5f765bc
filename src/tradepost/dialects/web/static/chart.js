// A chart of one figure, drawn by uPlot in the page's own colours, as wide as its place.

const HEIGHT = 240;

const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

function usd(cents) {
  const digits = String(Math.abs(cents)).padStart(3, "0");
  return `${cents < 0 ? "−" : ""}$${digits.slice(0, -2).replace(/\B(?=(\d{3})+$)/g, ",")}.${digits.slice(-2)}`;
}

const short = (cents) => (Math.abs(cents) >= 1_000_000 ? `$${Math.round(cents / 100_000)}k` : `$${cents / 100}`);

export function chart(figure) {
  const { columns, series, money, kind, zero } = JSON.parse(figure.dataset.chart);
  const place = figure.querySelector(".plot");
  figure.dataset.drawn = "";
  if (!globalThis.uPlot || !columns[0].length) return;
  const strokes = ["--accent", "--far", "--wait", "--bad"];
  const bars = kind === "bars" ? globalThis.uPlot.paths.bars({ size: [0.7, 40] }) : undefined;
  const options = () => ({
    width: Math.max(place.clientWidth, 200),
    height: HEIGHT,
    cursor: { y: false, points: { size: 7 } },
    legend: { live: true },
    scales: { x: { time: true }, y: { range: (plot, least, most) => [zero ? Math.min(0, least) : Math.max(0, least - (most - least || most) * 0.25), most > 0 ? most * 1.08 : 1] } },
    axes: [
      { stroke: colour("--quiet"), grid: { show: false }, ticks: { show: false } },
      {
        stroke: colour("--quiet"),
        size: 64,
        grid: { stroke: colour("--line"), width: 1 },
        ticks: { show: false },
        values: (plot, splits) => splits.map((value) => (money ? short(value) : value)),
        incrs: money ? undefined : [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000, 100000],
      },
    ],
    series: [
      { value: "{YYYY}-{MM}-{DD}" },
      ...series.map((label, index) => ({
        label,
        stroke: colour(strokes[index % strokes.length]),
        fill: kind === "bars" || series.length === 1 ? `${colour(strokes[index % strokes.length])}33` : undefined,
        width: 2,
        paths: bars,
        spanGaps: true,
        points: { show: columns[0].length < 40 && kind !== "bars" },
        value: (plot, value) => (value === null || value === undefined ? "–" : money ? usd(value) : value),
      })),
    ],
  });
  let plot = new globalThis.uPlot(options(), columns, place);
  new ResizeObserver(() => plot.setSize({ width: Math.max(place.clientWidth, 200), height: HEIGHT })).observe(place);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
    plot.destroy();
    plot = new globalThis.uPlot(options(), columns, place);
  });
}
