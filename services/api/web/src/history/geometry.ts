import { type Amounts, reachOf } from "./quantity";
import type { Bar } from "./table";

/** The vertical scale in amounts, its lines at round numbers. */
export interface Scale {
  low: number;
  high: number;
  ticks: readonly number[];
}

/** Room above and below the bars, in pixels. */
export const TOP = 14;
export const BOTTOM = 24;
const NARROWEST_PX = 2;
const STEPS = [1, 2, 2.5, 5, 10];

/** A scale that holds both ends and zero, with about so many lines; never of a step smaller than `finest`. */
export function scaleFor(low: number, high: number, lines: number, finest: number): Scale {
  const reach = Math.max(high, 0) - Math.min(low, 0) || finest * lines;
  const rough = Math.max(reach / lines, finest);
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = Math.max((STEPS.find((each) => each * power >= rough * 0.999) ?? 10) * power, finest);
  const bottom = Math.floor(Math.min(low, 0) / step);
  const top = Math.max(Math.ceil(Math.max(high, 0) / step), bottom === 0 ? 1 : 0);
  const ticks = Array.from({ length: top - bottom + 1 }, (_, index) => (bottom + index) * step);
  return { low: bottom * step, high: top * step, ticks };
}

/** The furthest that bars and those they are compared with reach. */
export function extentOf(bars: readonly Bar[]): [low: number, high: number] {
  let low = 0;
  let high = 0;
  for (const { amounts, before } of bars) {
    for (const each of [amounts, before ?? {}]) {
      const { up, down } = reachOf(each);
      high = Math.max(high, up);
      low = Math.min(low, down);
    }
  }
  return [low, high];
}

/** Where things are drawn, in CSS pixels; `snap` puts an edge on a pixel of the screen. */
export interface Canvas {
  width: number;
  height: number;
  scale: Scale;
  count: number;
  snap: (at: number) => number;
  /** Bars to compare with stand behind, and reach out on both sides. */
  behind?: boolean;
}

/** A snap to the pixels of a screen with so many of them in a CSS pixel. */
export function snapTo(ratio: number): (at: number) => number {
  return (at) => Math.round(at * ratio) / ratio;
}

export function yOf({ scale, height, snap }: Canvas, amount: number): number {
  return snap(((scale.high - amount) / (scale.high - scale.low)) * height);
}

/** Left and right edge of a bar; the space between two narrows as they get many, to one pixel and then none. */
export function edgesOf(
  { width, count, snap, behind }: Canvas,
  index: number,
): [left: number, right: number] {
  const band = width / count;
  const space = band >= 8 ? band * (behind ? 0.08 : 0.28) : band >= 2.5 && !behind ? 1 : 0;
  return [snap(index * band + space / 2), snap((index + 1) * band - space / 2)];
}

/** The bar that lies under a point, undefined where there is none. */
export function indexAt(x: number, width: number, count: number): number | undefined {
  if (count === 0 || width <= 0) return undefined;
  return Math.min(Math.max(Math.floor((x / width) * count), 0), count - 1);
}

/** A path of the parts of one name in many bars, each on top of the parts before it, its outer corners round. */
export function stackPath(
  canvas: Canvas,
  stacks: readonly (Amounts | undefined)[],
  names: readonly string[],
  name: string,
): string {
  const place = names.indexOf(name);
  return stacks
    .map((amounts, index) => {
      const value = amounts?.[name];
      if (!amounts || !value) return "";
      const sameWay = (each: string) => Math.sign(amounts[each] ?? 0) === Math.sign(value);
      const base = names
        .slice(0, place)
        .filter(sameWay)
        .reduce((sum, each) => sum + (amounts[each] ?? 0), 0);
      const outermost = !names.slice(place + 1).some(sameWay);
      const [left, right] = edgesOf(canvas, index);
      return barPath(left, right, yOf(canvas, base), yOf(canvas, base + value), outermost);
    })
    .join("");
}

/** From `base` to `tip`, at least half a pixel tall so that little is still something. */
function barPath(left: number, right: number, base: number, tip: number, rounded: boolean): string {
  const up = tip <= base;
  const end = Math.abs(tip - base) < 0.5 ? base + (up ? -0.5 : 0.5) : tip;
  const radius = rounded ? Math.min(2, (right - left) / 4, Math.abs(end - base)) : 0;
  if (radius < 1) return `M${left} ${base}V${end}H${right}V${base}Z`;
  const turn = up ? radius : -radius;
  return (
    `M${left} ${base}V${end + turn}Q${left} ${end} ${left + radius} ${end}` +
    `H${right - radius}Q${right} ${end} ${right} ${end + turn}V${base}Z`
  );
}

/** A path of the full height, from one place among the bars to another; never too narrow to be seen. */
export function columnPath({ width, count, height, snap }: Canvas, from: number, to: number): string {
  const left = snap((from * width) / count);
  const right = Math.max(snap((to * width) / count), left + NARROWEST_PX);
  return `M${left} 0H${right}V${height}H${left}Z`;
}

/** Every how many bars a label fits, of the steps that make sense. */
export function labelEvery(
  count: number,
  width: number,
  widest: number,
  steps: readonly number[] = [1, 2, 3, 5, 6, 7, 10, 12, 14, 24],
): number {
  const band = width / Math.max(count, 1);
  return steps.find((step) => step * band >= widest) ?? Math.max(1, Math.ceil(widest / band));
}
