import type { TextKey } from "../texts/language";
import type { Labels } from "./labels";
import { type Amounts, netOf, type Part, type Quantity } from "./quantity";
import type { Bar, Comparison, Hole, Table } from "./table";
import type { View } from "./view";

/** One figure of a bar, a hole or a sum. */
export interface Figure {
  name: string;
  label: string;
  value: string;
  part?: Part;
}

const PART_TEXTS: Readonly<Record<string, TextKey>> = {
  energy_import_kwh: "history.import",
  energy_export_kwh: "history.export",
  electricity_import: "history.cost.import",
  electricity_export: "history.cost.export",
  fixed: "history.cost.fixed",
};

/** How many digits amounts are shown with, the same in a whole table: heat has more where its meter tells more. */
export function digitsOf({ bars, holes }: Table, { name, places }: Quantity): number {
  if (name === "cost") return 2;
  const fine = places - 3;
  const whole = (amounts: Amounts) => Object.values(amounts).every((value) => value % 10 ** fine === 0);
  return [...bars, ...holes].every(({ amounts }) => whole(amounts)) ? 3 : places;
}

/** The parts that there is something of, in their order. */
export function partsIn(total: Amounts, { parts }: Quantity): Part[] {
  return parts.filter(({ name }) => total[name] !== undefined);
}

export function partName({ name, tone }: Part, labels: Labels): string {
  const key = PART_TEXTS[name];
  return key ? labels.format.text(key) : labels.format.kind(tone);
}

/** The name of all parts together. */
export function netName({ name }: Quantity, labels: Labels): string {
  if (name === "cost") return labels.format.text("history.total");
  return labels.format.text(name === "electricity" ? "history.net" : "history.used");
}

/** What amounts come to, part by part and together; nothing where nothing is known. */
export function figuresOf(
  amounts: Amounts,
  total: Amounts,
  view: View,
  labels: Labels,
  digits: number,
  currency?: string,
): Figure[] {
  const { quantity } = view;
  const shown = (value: number) => labels.amount(value, quantity, currency, digits);
  const parts = partsIn(total, quantity);
  const figures: Figure[] = [];
  for (const part of parts) {
    const value = amounts[part.name];
    if (value === undefined) continue;
    figures.push({
      name: part.name,
      label: partName(part, labels),
      value: shown(part.sign * value || 0),
      part,
    });
  }
  const net = netOf(amounts);
  if (net !== undefined && parts.length > 1)
    figures.push({ name: "net", label: netName(quantity, labels), value: shown(net) });
  return figures;
}

/** What else there is to say of a bar. */
export function notesOf(
  bar: Bar,
  view: View,
  labels: Labels,
  table: Table,
  digits: number,
  currency?: string,
): string[] {
  const { format } = labels;
  const notes = bar.holes.map((hole) => holeText(hole, view, labels, table.total, digits, currency));
  if (bar.gap) notes.push(format.text("history.gap"));
  if (bar.state === "running" && bar.known) notes.push(format.text("history.running"));
  if (bar.state === "partial") notes.push(format.text("history.partial"));
  for (const { at } of bar.changes) notes.push(format.text("history.change", { time: labels.moment(at) }));
  return notes;
}

/** From when to when nothing came, and what was used meanwhile. */
export function holeText(
  hole: Hole,
  view: View,
  labels: Labels,
  total: Amounts,
  digits: number,
  currency?: string,
): string {
  const { format } = labels;
  const span = { from: labels.moment(hole.from), to: labels.moment(hole.to) };
  const figures = figuresOf(hole.amounts, total, view, labels, digits, currency).filter(
    ({ part }) => part !== undefined,
  );
  if (figures.length === 0) return format.text("history.hole.silent", span);
  const amount = figures
    .map(({ label, value }) => (figures.length > 1 ? `${label.toLowerCase()} ${value}` : value))
    .join(", ");
  return format.text("history.hole", { ...span, amount });
}

/** A bar in one sentence, for those who hear it. */
export function barText(bar: Bar, view: View, labels: Labels, table: Table, currency?: string): string {
  const digits = digitsOf(table, view.quantity);
  const figures = figuresOf(bar.amounts, table.total, view, labels, digits, currency);
  const single = figures.length === 1;
  const told = figures.map(({ label, value }) => (single ? value : `${label} ${value}`));
  if (told.length === 0)
    told.push(labels.format.text(bar.state === "future" ? "history.future" : "history.none"));
  return [labels.bar(bar, view), ...told, ...notesOf(bar, view, labels, table, digits, currency)].join(", ");
}

const MORE = ["history.more", "history.more.share"] as const;
const LESS = ["history.less", "history.less.share"] as const;

/** How a figure stands to that of another period, in words. */
export function deltaText(
  now: number,
  before: number,
  view: View,
  labels: Labels,
  { partly }: Comparison,
  period: string,
  currency?: string,
): string {
  const { format } = labels;
  const than = partly ? format.text("history.partly", { period }) : period;
  const difference = labels.amount(Math.abs(now - before), view.quantity, currency, 1);
  if (now === before) return format.text("history.same", { period: than });
  const [alone, shared] = now > before ? MORE : LESS;
  if (before <= 0) return format.text(alone, { difference, period: than });
  const share = format.percent(Math.abs(now - before) / before);
  return format.text(shared, { share, difference, period: than });
}
