import { scaled } from "../api/exact";
import { exactOf, type Named, type Reading, tariffRegisters, timeOf } from "../api/reading";
import type { Usage } from "../api/shapes";

/** What can be counted over a day; the names are those of the usage rows. */
export const COUNTED = [
  "energy_import_kwh",
  "energy_export_kwh",
  "gas_m3",
  "water_m3",
  "hot_water_m3",
  "heat_gj",
  "cold_gj",
] as const;
export type Counted = (typeof COUNTED)[number];

/** Amounts in thousandths (Wh, litre, MJ); what the meter does not count is absent. */
export type Amounts = Partial<Record<Counted, number>>;

/** One hour of the day; `known` is whether history has a row for it. */
export interface Hour {
  from: number;
  to: number;
  known: boolean;
  hole: boolean;
  amounts: Amounts;
}

/** A day as history had it, and where each register stood at its start. */
export interface Today {
  from: number;
  to: number;
  hours: Hour[];
  total: Amounts;
  start: Amounts;
}

/** History may lag behind the live registers by a reading or two: this many thousandths at most. */
const LAG = 50;

/** The registers of a reading or the differences of a usage row in thousandths, tariffs added up. */
export function amountsOf(values: Named): Amounts {
  const found: Amounts = {};
  for (const name of COUNTED) {
    const value = exactOf(values, name);
    const amount = value === undefined ? tariffSum(values, name) : scaled(value);
    if (amount !== undefined) found[name] = amount;
  }
  return found;
}

function tariffSum(values: Named, name: Counted): number | undefined {
  if (name !== "energy_import_kwh" && name !== "energy_export_kwh") return undefined;
  const parts = tariffRegisters(values, name === "energy_import_kwh" ? "import" : "export");
  return parts.length > 0 ? parts.reduce((sum, { value }) => sum + scaled(value), 0) : undefined;
}

/** The day from what history answered and the registers as they stood then; `before` is the same day's former state. */
export function dayOf(
  usage: Usage,
  span: readonly [from: number, to: number],
  now: Amounts,
  before?: Today,
): Today {
  const hours = emptyHours(span);
  for (const row of usage.rows) {
    const from = Date.parse(row.from);
    const hour = hours.find((each) => each.from === from);
    if (hour) Object.assign(hour, { known: true, hole: row.hole === true, amounts: amountsOf(row) });
  }
  const total = usage.total ? amountsOf(usage.total) : sumOf(hours);
  const start: Amounts = {};
  for (const name of COUNTED) {
    const value = now[name];
    if (value === undefined) continue;
    start[name] = value - (total[name] ?? 0);
    const former = before?.from === span[0] ? before.start[name] : undefined;
    if (former !== undefined && Math.abs(former - start[name]) <= LAG)
      start[name] = Math.min(former, start[name]);
  }
  return { from: span[0], to: span[1], hours, total, start };
}

function emptyHours([from, to]: readonly [number, number]): Hour[] {
  const hours: Hour[] = [];
  for (let start = from; start < to; start += 3_600_000) {
    hours.push({ from: start, to: Math.min(start + 3_600_000, to), known: false, hole: false, amounts: {} });
  }
  return hours;
}

/** The day with what the live registers have grown since: it belongs to the hour of the reading. */
export function grown(today: Today, reading: Reading | undefined): { hours: Hour[]; total: Amounts } {
  const time = reading && timeOf(reading);
  if (!reading || time === undefined || time < today.from || time >= today.to) return today;
  const growth: Amounts = {};
  for (const [name, value] of entries(amountsOf(reading))) {
    const start = today.start[name];
    if (start !== undefined) growth[name] = Math.max(0, value - start - (today.total[name] ?? 0));
  }
  const hours = today.hours.map((hour) =>
    hour.from <= time && time < hour.to
      ? { ...hour, known: true, amounts: added(hour.amounts, growth) }
      : hour,
  );
  return { hours, total: added(today.total, growth) };
}

function sumOf(hours: readonly Hour[]): Amounts {
  return hours.reduce<Amounts>((amounts, hour) => added(amounts, hour.amounts), {});
}

function added(left: Amounts, right: Amounts): Amounts {
  const result: Amounts = { ...left };
  for (const [name, value] of entries(right)) result[name] = (result[name] ?? 0) + value;
  return result;
}

function entries(amounts: Amounts): [Counted, number][] {
  return Object.entries(amounts) as [Counted, number][];
}
