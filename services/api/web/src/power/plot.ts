import uPlot from "uplot";
import type { Format } from "../format/format";
import { twoColours } from "../parts/scale";
import { TimeWords, valueRange, valueTick } from "./axis";
import type { Curve } from "./curve";
import type { Show } from "./show";

/** The colours of the lines: their names as custom properties. */
const LINE_TONES = ["--line-1", "--line-2", "--line-3"];

interface Drawn {
  host: HTMLElement;
  show: Show;
  format: Format;
  bind: NonNullable<uPlot.Cursor["bind"]>;
  onCursor: (index: number | undefined) => void;
  onSelect: (from: number, to: number) => void;
}

/** An empty plot in its host. */
export function plotIn(drawn: Drawn): uPlot {
  return new uPlot(optionsOf(drawn), emptyData(drawn.show), drawn.host);
}

function emptyData({ lines }: Show): uPlot.AlignedData {
  return [[], ...lines.flatMap(() => [[], [], []])] as unknown as uPlot.AlignedData;
}

/** A curve as uPlot takes it: of each line mean, lowest and highest. */
export function dataOf(curve: Curve | undefined, show: Show): uPlot.AlignedData {
  if (!curve) return emptyData(show);
  return [curve.times, ...curve.lines.flatMap(({ mean, min, max }) => [mean, min, max])];
}

function optionsOf({ host, show, format, bind, onCursor, onSelect }: Drawn): uPlot.Options {
  const style = getComputedStyle(host);
  const colour = (name: string) => style.getPropertyValue(name).trim();
  const words = new TimeWords(format);
  const axis = {
    stroke: colour("--muted"),
    font: `500 11px ${style.fontFamily}`,
    ticks: { show: false },
    gap: 6,
  };
  return {
    width: host.clientWidth,
    height: host.clientHeight,
    legend: { show: false },
    padding: [10, 0, 0, 0],
    tzDate: (time) => uPlot.tzDate(new Date(time * 1000), format.zone),
    cursor: {
      y: false,
      drag: { x: true, y: false, setScale: false, dist: 6 },
      points: { show: false },
      bind,
    },
    hooks: {
      setCursor: [(plot) => onCursor(plot.cursor.idx ?? undefined)],
      setSelect: [
        (plot) => {
          const { left, width } = plot.select;
          if (width > 0) onSelect(plot.posToVal(left, "x"), plot.posToVal(left + width, "x"));
          plot.setSelect({ left: 0, width: 0, top: 0, height: 0 }, false);
        },
      ],
    },
    scales: {
      x: { time: true },
      y: { range: (_, low, high) => valueRange(low, high, show.zero) },
    },
    axes: [
      {
        ...axis,
        size: 26,
        space: (_, _axis, from, to) => (to - from > YEARS_S ? 38 : 62),
        grid: { show: false },
        values: (plot, splits, _axis, _space, apart) =>
          splits.map((at) => (fits(plot, at) ? words.tick(at, apart) : "")),
      },
      {
        ...axis,
        size: 50,
        space: 42,
        grid: { stroke: colour("--line"), width: 1 },
        values: (_, splits, _axis, _space, apart) =>
          splits.map((value) => valueTick(value, show.unit, apart, format)),
      },
    ],
    series: [{}, ...show.lines.flatMap((_, place) => seriesOf(show, place, colour))],
    bands: show.lines.map((_, place) => ({
      series: [3 * place + 3, 3 * place + 2] as uPlot.Band.Bounds,
      fill:
        show.name === "power"
          ? (plot: uPlot) => twoColours(plot, colour("--import-band"), colour("--export-band"))
          : `${colour(LINE_TONES[place] ?? "--line-1")}26`,
    })),
  };
}

/** From here on the marks are years, which are short. */
const YEARS_S = 3 * 365 * 86_400;
const LABEL_HALF_PX = 20;

function fits(plot: uPlot, at: number): boolean {
  const position = plot.valToPos(at, "x");
  return position > LABEL_HALF_PX - 8 && position < plot.over.clientWidth - LABEL_HALF_PX;
}

/** Mean as a line; lowest and highest are the edges of its band alone. */
function seriesOf(show: Show, place: number, colour: (name: string) => string): uPlot.Series[] {
  const edge: uPlot.Series = { width: 0, points: { show: false }, spanGaps: false };
  const mean: uPlot.Series = {
    width: 1.6,
    spanGaps: false,
    points: { size: 3.5, width: 0, filter: lonely },
    stroke: colour(LINE_TONES[place] ?? "--line-1"),
  };
  if (show.name === "power") {
    mean.stroke = (plot) => twoColours(plot, colour("--import"), colour("--export"));
    mean.fill = (plot) => twoColours(plot, colour("--import-wash"), colour("--export-wash"));
    mean.fillTo = 0;
    mean.points = { ...mean.points, fill: colour("--import") };
  } else mean.points = { ...mean.points, fill: colour(LINE_TONES[place] ?? "--line-1") };
  return [mean, edge, edge];
}

/** The points that no line reaches, since there is a gap on both sides. */
function lonely(plot: uPlot, series: number): number[] {
  const values = plot.data[series] ?? [];
  const found: number[] = [];
  for (let index = 0; index < values.length; index += 1)
    if (values[index] != null && values[index - 1] == null && values[index + 1] == null) found.push(index);
  return found;
}
