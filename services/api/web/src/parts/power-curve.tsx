import { useEffect, useRef } from "preact/hooks";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import type { Format } from "../format/format";
import type { House } from "../live/house";
import type { Theme } from "../preferences";
import { twoColours, yRange } from "./scale";

const LABEL_HALF_PX = 16;

interface Props {
  house: House;
  format: Format;
  theme: Theme;
  label: string;
}

/** The power of the last minutes: import above zero, export below, a gap where nothing came. */
export function PowerCurve({ house, format, theme, label }: Props) {
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const host = box.current;
    if (!host) return;
    const plot = new uPlot(options(host, format), [[], []], host);
    const size = new ResizeObserver(() =>
      plot.setSize({ width: host.clientWidth, height: host.clientHeight }),
    );
    size.observe(host);
    const stop = subscribe(house, plot);
    return () => {
      stop();
      size.disconnect();
      plot.destroy();
    };
  }, [house, format, theme]);
  return (
    <div class="curve" role="img" aria-label={label} ref={box} data-testid="curve">
      <span class="pointed" data-testid="curve-pointed" />
    </div>
  );
}

function subscribe(house: House, plot: uPlot): () => void {
  const draw = () => {
    const trace = house.trace();
    const [from, to] = house.window();
    const gap = Math.max(30, 3.5 * (trace.interval ?? 0));
    plot.batch(() => {
      plot.setData(trace.curve(from, gap), false);
      plot.setScale("x", { min: from, max: to });
    });
  };
  const stops = [house.traced.subscribe(draw), house.now.subscribe(draw)];
  return () => {
    for (const stop of stops) stop();
  };
}

function options(host: HTMLElement, format: Format): uPlot.Options {
  const style = getComputedStyle(host);
  const colour = (name: string) => style.getPropertyValue(`--${name}`).trim();
  const axis = { stroke: colour("muted"), font: `500 11px ${style.fontFamily}`, ticks: { show: false } };
  const grid = { stroke: colour("line"), width: 1 };
  return {
    width: host.clientWidth,
    height: host.clientHeight,
    legend: { show: false },
    cursor: { y: false, drag: { x: false, y: false }, points: { size: 8, width: 2 } },
    hooks: { setCursor: [(plot) => tell(plot, host, format)] },
    padding: [8, 0, 0, 0],
    scales: { x: { time: true }, y: { range: (_, low, high) => yRange(low, high) } },
    axes: [
      {
        ...axis,
        size: 24,
        gap: 6,
        space: 70,
        incrs: [60, 120, 180, 300, 600, 900, 1200],
        grid: { show: false },
        values: (plot, splits) => splits.map((at) => (fits(plot, at) ? format.minute(at * 1000) : "")),
      },
      {
        ...axis,
        grid,
        size: 48,
        gap: 6,
        space: 44,
        values: (_, splits) => splits.map((value) => watts(value, format)),
      },
    ],
    series: [
      {},
      {
        width: 2,
        points: { show: false },
        spanGaps: false,
        stroke: (plot) => twoColours(plot, colour("import"), colour("export")),
        fill: (plot) => twoColours(plot, colour("import-wash"), colour("export-wash")),
        fillTo: 0,
      },
    ],
  };
}

/** What the curve shows under the pointer. */
function tell(plot: uPlot, host: HTMLElement, format: Format): void {
  const at = plot.cursor.idx;
  const time = at == null ? undefined : plot.data[0][at];
  const value = at == null ? undefined : plot.data[1]?.[at];
  const shown = host.querySelector(".pointed");
  if (!shown) return;
  const known = time !== undefined && typeof value === "number";
  shown.textContent = known ? `${format.second(time * 1000)} · ${format.number(value)} W` : "";
}

/** Whether a label of the time axis, centred at a time, stays inside the plot. */
function fits(plot: uPlot, at: number): boolean {
  const position = plot.valToPos(at, "x");
  return position > LABEL_HALF_PX && position < plot.over.clientWidth - LABEL_HALF_PX;
}

function watts(value: number, format: Format): string {
  return Math.abs(value) >= 1000
    ? `${format.number(value / 1000, value % 1000 === 0 ? 0 : 1)} kW`
    : `${format.number(value)} W`;
}
