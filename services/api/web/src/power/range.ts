import type { Query } from "../route";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** A stretch of time in milliseconds; without an end it ends now and goes on with it. */
export interface Range {
  width: number;
  end?: number;
}

/** The usual spans, shortest first. */
export const PRESETS = [
  ["10m", 10 * MINUTE],
  ["1h", HOUR],
  ["6h", 6 * HOUR],
  ["1d", DAY],
  ["1w", 7 * DAY],
  ["1mo", 30 * DAY],
  ["1y", 365 * DAY],
  ["10y", 3653 * DAY],
] as const satisfies readonly (readonly [string, number])[];
export type Preset = (typeof PRESETS)[number][0];

const SHORTEST = 10 * MINUTE;
const LONGEST = 3653 * DAY;
/** An end that is nearer to now than this share of the width is now. */
const NEAR = 0.01;
const EARLIEST = Date.UTC(1970, 0, 2);

/** The range of an address, a day where it asks for none. */
export function rangeOf(query: Query): Range {
  const [from, to] = [Date.parse(query.from ?? ""), Date.parse(query.to ?? "")];
  if (from < to) return limited({ width: to - from, end: to });
  const preset = PRESETS.find(([name]) => name === query.span)?.[1];
  const seconds = Number(query.last);
  return limited({ width: preset ?? (seconds > 0 ? seconds * 1000 : DAY) });
}

/** The address of a range. */
export function rangeQuery({ width, end }: Range): Query {
  if (end !== undefined)
    return { from: new Date(end - width).toISOString(), to: new Date(end).toISOString() };
  const preset = PRESETS.find(([, each]) => each === width)?.[0];
  if (preset === "1d") return {};
  return preset === undefined ? { last: String(Math.round(width / 1000)) } : { span: preset };
}

/** From when to when, in Unix milliseconds. */
export function edges({ width, end }: Range, now: number): [from: number, to: number] {
  const to = end ?? now;
  return [to - width, to];
}

/** `factor` times as wide, with the point at a share of the width (0 left, 1 right) where it is. */
export function zoomed(range: Range, now: number, factor: number, share: number): Range {
  const [from] = edges(range, now);
  const width = limitedWidth(range.width * factor);
  const still = from + range.width * share;
  if (range.end === undefined && share === 1) return { width };
  return settled({ width, end: still + width * (1 - share) }, now);
}

/** Moved by a share of its width, right (on) where positive. */
export function panned(range: Range, now: number, share: number): Range {
  const [, to] = edges(range, now);
  return settled({ width: range.width, end: to + range.width * share }, now);
}

/** From one point in time to another, in any order. */
export function between(one: number, other: number, now: number): Range {
  const [from, to] = [Math.min(one, other), Math.max(one, other)];
  const width = limitedWidth(to - from);
  return settled({ width, end: (from + to) / 2 + width / 2 }, now);
}

/** Another width; what ends now still does, else the middle stays. */
export function widened(range: Range, now: number, width: number): Range {
  if (range.end === undefined) return { width };
  return settled({ width, end: range.end - range.width / 2 + width / 2 }, now);
}

/** An end in the future, or as good as now, is now. */
function settled({ width, end }: { width: number; end: number }, now: number): Range {
  if (end >= now - width * NEAR) return { width };
  return limited({ width, end });
}

function limited({ width, end }: Range): Range {
  const allowed = limitedWidth(width);
  return end === undefined ? { width: allowed } : { width: allowed, end: Math.max(end, EARLIEST + allowed) };
}

function limitedWidth(width: number): number {
  return Math.min(Math.max(width, SHORTEST), LONGEST);
}

/** Above a few hours at once whole days, or night and day would make one thick line. */
const BINS_S = [
  1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10_800, 86_400, 172_800, 345_600, 691_200,
];
const MOST_POINTS = 2000;

/** What to ask for a range: whole bins of a round length that keep their place as time goes on. */
export function binsFor(
  [from, to]: readonly [number, number],
  pixels: number,
): { from: number; to: number; points: number } {
  const wanted = Math.min(Math.max(pixels * 1.5, 200), MOST_POINTS - 2);
  const bin = (BINS_S.find((each) => (to - from) / 1000 / each <= wanted) ?? BINS_S.at(-1) ?? 1) * 1000;
  const begin = Math.floor(from / bin) * bin;
  const until = Math.ceil(to / bin) * bin;
  return { from: begin, to: until, points: (until - begin) / bin };
}
