import type { Query } from "../route";
import {
  bounds,
  type Day,
  isoDay,
  parseDay,
  partsOf,
  SPANS,
  type Span,
  UNITS_OF,
  type Unit,
} from "./calendar";
import { QUANTITIES, type Quantity, type QuantityName } from "./quantity";

export type Compare = "none" | "previous" | "year";

/** What one looks at; everything of it stands in the address. */
export interface View {
  quantity: Quantity;
  span: Span;
  unit: Unit;
  /** A day in the span; undefined is today, also tomorrow. */
  day: Day | undefined;
  compare: Compare;
  table: boolean;
}

const ELECTRICITY = QUANTITIES[0] as Quantity;

/** The view that an address asks for; what it says wrongly is left at the usual. */
export function viewOf(query: Query): View {
  const span = SPANS.find((each) => each === query.span) ?? "month";
  const units = UNITS_OF[span];
  return {
    quantity: QUANTITIES.find(({ name }) => name === query.what) ?? ELECTRICITY,
    span,
    unit: units.find((each) => each === query.per) ?? (units[0] as Unit),
    day: parseDay(query.at),
    compare: query.compare === "previous" || query.compare === "year" ? query.compare : "none",
    table: query.view === "table",
  };
}

/** The address of a view; what is usual is not said. */
export function queryOf(view: View): Query {
  const said: Record<string, string> = {};
  if (view.quantity !== ELECTRICITY) said.what = view.quantity.name;
  if (view.span !== "month") said.span = view.span;
  if (view.unit !== UNITS_OF[view.span][0]) said.per = view.unit;
  if (view.day !== undefined) said.at = isoDay(view.day);
  if (view.compare !== "none") said.compare = view.compare;
  if (view.table) said.view = "table";
  return said;
}

/** What to ask the API for a view; days without an offset are the home's. */
export function usageQuery(view: View, today: Day): Record<string, string> {
  const [from, to] = bounds(view.span, view.unit, view.day ?? today);
  return {
    per: view.unit,
    from: isoDay(from),
    to: isoDay(to),
    ...(view.quantity.name === "cost" ? { cost: "true" } : {}),
    ...(view.compare === "none" ? {} : { compare: view.compare }),
  };
}

const INWARD: Partial<Record<Unit, readonly [Span, Unit]>> = {
  year: ["year", "month"],
  month: ["month", "day"],
  week: ["week", "day"],
  day: ["day", "hour"],
  hour: ["day", "quarter"],
};

/** The view inside the bar that begins on a day; undefined for the shortest. */
export function inward(view: View, day: Day): View | undefined {
  const [span, unit] = INWARD[view.unit] ?? [];
  if (span === undefined || unit === undefined) return undefined;
  return { ...view, span, unit, day: view.unit === "week" ? day + 3 : day };
}

/** The view in which this one is a bar; undefined for the longest. */
export function outward(view: View, today: Day): View | undefined {
  const day = view.day ?? today;
  if (view.unit === "quarter") return { ...view, unit: "hour" };
  if (view.span === "day") return { ...view, span: "month", unit: "day" };
  if (view.span === "week" || view.span === "month") return { ...view, span: "year", unit: "month" };
  if (view.span === "year") return { ...view, span: "years", unit: "year", day: decadeWith(day, today) };
  return undefined;
}

/** Ten years end with the present one as long as that shows the day. */
function decadeWith(day: Day, today: Day): Day | undefined {
  return partsOf(today).year - partsOf(day).year < 10 ? undefined : day;
}

/** Another span around the same day, its bars as they usually are. */
export function withSpan(view: View, span: Span): View {
  return { ...view, span, unit: UNITS_OF[span][0] as Unit };
}

/** The quantities that there is something to show of, the chosen one, and the cost. */
export function available(counted: ReadonlySet<string>, chosen: QuantityName): readonly QuantityName[] {
  return QUANTITIES.filter(
    ({ name, parts }) => name === "cost" || name === chosen || parts.some((part) => counted.has(part.name)),
  ).map(({ name }) => name);
}
