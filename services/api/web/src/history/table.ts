import type { Named } from "../api/reading";
import type { UsageRow } from "../api/shapes";
import { placeOf, type Slot, type Span, type Unit } from "./calendar";
import { type Amounts, added, amountsIn, type Quantity } from "./quantity";

/** A hole as the API tells it: a time without readings, and what was used across it. */
interface HoleRow extends Named {
  from: string;
  to: string;
}

/** The part of a usage answer that stands for one span. */
export interface UsageSpan {
  rows: readonly UsageRow[];
  holes?: readonly HoleRow[];
  from?: string;
  to?: string;
}

/** What `/usage` answers. */
export interface UsageAnswer extends UsageSpan {
  timezone?: string;
  currency?: string;
  total?: Named;
  compared?: UsageSpan;
  changes?: readonly { at: string; kind: string; meter_id?: string }[];
}

/** A time without readings; without amounts it is not known what was used across it. */
export interface Hole extends Slot {
  amounts: Amounts;
}

/** Another meter began to count. */
export interface MeterChange {
  at: number;
  kind: string;
  meter?: string;
}

/** One bar. `known`: history has a row for it. `state`: over, still running, over but without its end, or yet to come. */
export interface Bar extends Slot {
  known: boolean;
  state: "whole" | "running" | "partial" | "future";
  amounts: Amounts;
  /** The holes that reach into it; `gap` is one that the answer does not tell more of. */
  holes: readonly Hole[];
  gap: boolean;
  changes: readonly MeterChange[];
  /** What there is of the span it is compared with. */
  before?: Amounts;
}

/** Bars and holes, and what they add up to. */
export interface Table {
  bars: readonly Bar[];
  holes: readonly Hole[];
  total: Amounts;
  inHoles: Amounts;
  comparison?: Comparison;
}

/** Two spans; `partly`: only the bars that both have whole. */
export interface Comparison {
  now: Amounts;
  before: Amounts;
  partly: boolean;
}

export interface Layout {
  slots: readonly Slot[];
  span: Span;
  unit: Unit;
  zone: string;
  now: number;
}

/** The answer as bars: every row in its slot, every hole where it lies, and sums that are sums of what is shown. */
export function tableOf(answer: UsageAnswer, quantity: Quantity, layout: Layout): Table {
  const holes = holesOf(answer, quantity);
  const told = (answer.holes ?? []).map(slotOf);
  const changes = changesOf(answer, quantity);
  const rows = rowsBySlot(answer.rows, layout.slots);
  const before = answer.compared && beforeByPlace(answer.compared, quantity, layout);
  const bars = layout.slots.map((slot, index): Bar => {
    const row = rows.get(index);
    const compared = before?.get(placeOf(slot, layout.span, layout.unit, layout.zone));
    const within = holes.filter((hole) => overlap(hole, slot));
    const state = stateOf(slot, row, layout.now);
    return {
      ...slot,
      known: row !== undefined,
      state,
      amounts: row ? amountsIn(row, quantity) : {},
      holes: within,
      gap: row?.hole === true && state === "whole" && !told.some((hole) => overlap(hole, slot)),
      changes: changes.filter(({ at }) => slot.from <= at && at < slot.to),
      ...(compared ? { before: compared } : {}),
    };
  });
  const inHoles = sumOf(holes);
  const total = added(sumOf(bars), inHoles);
  const comparison = answer.compared && compare(bars, total, answer.compared, quantity);
  return { bars, holes, total, inHoles, ...(comparison ? { comparison } : {}) };
}

function stateOf(slot: Slot, row: UsageRow | undefined, now: number): Bar["state"] {
  if (slot.from > now) return "future";
  if (slot.to > now) return "running";
  return row?.complete === false ? "partial" : "whole";
}

/** Rows find their slot by their middle, since a zone may begin a day at another instant than midnight. */
function rowsBySlot(rows: readonly UsageRow[], slots: readonly Slot[]): Map<number, UsageRow> {
  const found = new Map<number, UsageRow>();
  let index = 0;
  for (const row of rows) {
    const middle = (Date.parse(row.from) + Date.parse(row.to)) / 2;
    while (index < slots.length - 1 && (slots[index]?.to ?? 0) <= middle) index += 1;
    const slot = slots[index];
    if (slot && slot.from <= middle && middle < slot.to) found.set(index, row);
  }
  return found;
}

/** The holes of this quantity. One that reaches out of the span tells nothing: it is another's if a row within it does. */
function holesOf(span: UsageSpan, quantity: Quantity): Hole[] {
  const knows = (row: UsageRow) => Object.keys(amountsIn(row, quantity)).length > 0;
  const others = ({ from, to }: Slot) =>
    span.rows.some((row) => from <= Date.parse(row.from) && Date.parse(row.to) <= to && knows(row));
  return (span.holes ?? [])
    .map((hole) => ({ ...slotOf(hole), amounts: amountsIn(hole, quantity), silent: !tells(hole) }))
    .filter((hole) => (hole.silent ? !others(hole) : Object.keys(hole.amounts).length > 0))
    .map(({ from, to, amounts }) => ({ from, to, amounts }));
}

function tells(hole: HoleRow): boolean {
  return Object.keys(hole).some((name) => name !== "from" && name !== "to" && name !== "cost");
}

function slotOf({ from, to }: { from: string; to: string }): Slot {
  return { from: Date.parse(from), to: Date.parse(to) };
}

function overlap(one: Slot, other: Slot): boolean {
  return one.from < other.to && one.to > other.from;
}

function changesOf(answer: UsageAnswer, quantity: Quantity): MeterChange[] {
  const own = (answer.changes ?? []).filter(({ kind }) => quantity.name === "cost" || kind === quantity.name);
  return own.map(({ at, kind, meter_id }) => ({
    at: Date.parse(at),
    kind,
    ...(meter_id === undefined ? {} : { meter: meter_id }),
  }));
}

function beforeByPlace(compared: UsageSpan, quantity: Quantity, layout: Layout): Map<string, Amounts> {
  const found = new Map<string, Amounts>();
  for (const row of compared.rows) {
    const place = placeOf(slotOf(row), layout.span, layout.unit, layout.zone);
    const amounts = amountsIn(row, quantity);
    if (!found.has(place) && Object.keys(amounts).length > 0) found.set(place, amounts);
  }
  return found;
}

/** Whole spans are compared with their holes; while one is running only bars that are over and have their other. */
function compare(
  bars: readonly Bar[],
  total: Amounts,
  compared: UsageSpan,
  quantity: Quantity,
): Comparison | undefined {
  if (!bars.some(({ before }) => before)) return undefined;
  const partly = bars.some(({ state, known, before }) => (before && !known) || state !== "whole");
  const both = partly
    ? bars.filter(({ state, known, before }) => state === "whole" && known && before)
    : bars;
  if (both.length === 0) return undefined;
  if (partly) return { now: sumOf(both), before: sumOf(both.map(former)), partly };
  const rows = compared.rows.map((row) => ({ amounts: amountsIn(row, quantity) }));
  return { now: total, before: added(sumOf(rows), sumOf(holesOf(compared, quantity))), partly };
}

function former({ before = {} }: Bar): { amounts: Amounts } {
  return { amounts: before };
}

export function sumOf(items: readonly { amounts: Amounts }[]): Amounts {
  return items.reduce<Amounts>((sum, { amounts }) => added(sum, amounts), {});
}
