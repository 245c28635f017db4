import type { Line, Show } from "./show";

export type Values = (number | null)[];

/** Lowest, mean and highest of a line's bins. */
export interface Spread {
  min: Values;
  mean: Values;
  max: Values;
}

/** What `/power` answers: bins of equal length, by field; null in a bin without readings. */
export interface PowerAnswer {
  times: number[];
  step_s: number;
  fields: Record<string, Spread>;
}

/** Curves over a time in Unix seconds, each point in the middle of its bin. */
export interface Curve {
  from: number;
  to: number;
  step: number;
  times: number[];
  lines: Spread[];
}

/** The answer as curves: import less export where a line is both, bins that no reading fell in left out. */
export function curveOf(answer: PowerAnswer, show: Show): Curve {
  const { times, step_s: step } = answer;
  const lines = show.lines.map((line) => spreadOf(line, answer.fields, times.length));
  const first = times[0] ?? 0;
  const whole = { from: first, to: first + times.length * step, step };
  const known = times
    .map((_, index) => index)
    .filter((index) => lines.some(({ mean }) => mean[index] !== null));
  const gap = gapOf(
    known.map((index) => times[index] ?? 0),
    step,
  );
  const kept: Curve = { ...whole, times: [], lines: lines.map(() => ({ min: [], mean: [], max: [] })) };
  let before: number | undefined;
  for (const index of known) {
    const time = (times[index] ?? 0) + step / 2;
    if (before !== undefined && time - before > gap) push(kept, (before + time) / 2, undefined, 0);
    push(kept, time, lines, index);
    before = time;
  }
  return kept;
}

function push(curve: Curve, time: number, lines: readonly Spread[] | undefined, index: number): void {
  curve.times.push(time);
  curve.lines.forEach((line, place) => {
    for (const part of ["min", "mean", "max"] as const)
      line[part].push(lines?.[place]?.[part][index] ?? null);
  });
}

const SHORTEST_GAP_S = 30;

/** How far apart two points must be for a gap: clearly further than readings usually are, and than a bin is wide. */
export function gapOf(times: readonly number[], step: number): number {
  const steps = times.slice(1).map((time, index) => time - (times[index] ?? 0));
  steps.sort((one, other) => one - other);
  const usual = steps[Math.floor((steps.length - 1) * 0.9)] ?? step;
  return Math.max(SHORTEST_GAP_S, 1.5 * step, 1.6 * Math.min(usual, 4 * (steps[0] ?? usual)));
}

function spreadOf(line: Line, fields: Record<string, Spread>, count: number): Spread {
  const up = fields[line.up];
  const down = line.down === undefined ? undefined : fields[line.down];
  const spread: Spread = { min: [], mean: [], max: [] };
  for (let index = 0; index < count; index += 1) {
    const one = at(up, index);
    const other = at(down, index);
    const net = one && other ? less(one, other) : (one ?? (other && less(ZERO, other)));
    spread.min.push(net ? net.min : null);
    spread.mean.push(net ? net.mean : null);
    spread.max.push(net ? net.max : null);
  }
  return spread;
}

interface Point {
  min: number;
  mean: number;
  max: number;
}

const ZERO: Point = { min: 0, mean: 0, max: 0 };

function at(spread: Spread | undefined, index: number): Point | undefined {
  const mean = spread?.mean[index];
  if (typeof mean !== "number") return undefined;
  return { mean, min: spread?.min[index] ?? mean, max: spread?.max[index] ?? mean };
}

/** Import less export: at any moment only one of both flows. */
function less(up: Point, down: Point): Point {
  return {
    min: down.max > 0 ? -down.max : up.min,
    mean: up.mean - down.mean,
    max: up.max > 0 ? up.max : -down.min || 0,
  };
}

/** What there is to see of a time, and a little beyond it: the newest curve, and around it what older ones have. */
export function composed(newestFirst: readonly Curve[], from: number, to: number): Curve | undefined {
  const newest = newestFirst.find((curve) => curve.from < to && curve.to > from);
  return newest && pieced(newestFirst, from - newest.step, to + newest.step);
}

function pieced(newestFirst: readonly Curve[], from: number, to: number): Curve | undefined {
  const index = newestFirst.findIndex((curve) => curve.from < to && curve.to > from);
  const curve = newestFirst[index];
  if (!curve) return undefined;
  const older = newestFirst.slice(index + 1).filter(({ lines }) => lines.length === curve.lines.length);
  const left = curve.from > from ? pieced(older, from, curve.from) : undefined;
  const right = curve.to < to ? pieced(older, curve.to, to) : undefined;
  return [left, cut(curve, from, to), right].filter((each) => each !== undefined).reduce(joined);
}

function cut(curve: Curve, from: number, to: number): Curve {
  const first = curve.times.findIndex((time) => time >= from);
  const beyond = curve.times.findIndex((time) => time >= to);
  const begin = first < 0 ? curve.times.length : first;
  const part = <Item>(items: readonly Item[]) => items.slice(begin, beyond < 0 ? undefined : beyond);
  return {
    ...curve,
    from: Math.max(curve.from, from),
    to: Math.min(curve.to, to),
    times: part(curve.times),
    lines: curve.lines.map(({ min, mean, max }) => ({ min: part(min), mean: part(mean), max: part(max) })),
  };
}

function joined(left: Curve, right: Curve): Curve {
  const last = left.times.at(-1) ?? Number.NEGATIVE_INFINITY;
  const skip = right.times.findIndex((time) => time > last);
  const rest = <Item>(items: readonly Item[]) => (skip < 0 ? [] : items.slice(skip));
  return {
    from: left.from,
    to: right.to,
    step: Math.min(left.step, right.step),
    times: [...left.times, ...rest(right.times)],
    lines: left.lines.map((line, place) => {
      const other = right.lines[place];
      return {
        min: [...line.min, ...rest(other?.min ?? [])],
        mean: [...line.mean, ...rest(other?.mean ?? [])],
        max: [...line.max, ...rest(other?.max ?? [])],
      };
    }),
  };
}

/** A reading of the live stream: its time in Unix seconds and the value of each line. */
export interface Live {
  time: number;
  values: Values;
}

/** The curve with what has come since its last bin. */
export function grown(curve: Curve | undefined, live: readonly Live[]): Curve | undefined {
  const since = curve ? lastEnd(curve) : Number.NEGATIVE_INFINITY;
  const newer = live.filter(({ time }) => time > since);
  const [first] = newer;
  if (!first) return curve;
  const gap = Math.max(SHORTEST_GAP_S, 1.6 * (curve?.step ?? 1));
  const tail: Curve = {
    from: first.time,
    to: newer.at(-1)?.time ?? first.time,
    step: 1,
    times: [],
    lines: first.values.map(() => ({ min: [], mean: [], max: [] })),
  };
  let before = curve ? since : first.time;
  for (const { time, values } of newer) {
    if (time - before > gap) push(tail, (before + time) / 2, undefined, 0);
    const lines = values.map((value) => ({ min: [value], mean: [value], max: [value] }));
    push(tail, time, lines, 0);
    before = time;
  }
  return curve ? { ...joined(curve, tail), step: curve.step } : tail;
}

function lastEnd({ times, step }: Curve): number {
  return (times.at(-1) ?? Number.NEGATIVE_INFINITY) + step / 2;
}

/** Lowest, mean and highest of a line over a time; undefined where nothing is known. */
export function summary({ times, lines }: Curve, place: number, from: number, to: number): Point | undefined {
  const line = lines[place];
  let count = 0;
  let sum = 0;
  let [min, max] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  times.forEach((time, index) => {
    const mean = line?.mean[index];
    if (time < from || time > to || typeof mean !== "number") return;
    count += 1;
    sum += mean;
    min = Math.min(min, line?.min[index] ?? mean);
    max = Math.max(max, line?.max[index] ?? mean);
  });
  return count === 0 ? undefined : { min, mean: sum / count, max };
}

export type { Point };
