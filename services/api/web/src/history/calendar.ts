import { wallClock } from "../live/day";

/** A civil day, as its number since 1 January 1970: arithmetic on it knows no clock. */
export type Day = number;

/** What a bar spans; the names are those of the API's `per`. */
export type Unit = "quarter" | "hour" | "day" | "week" | "month" | "year";

/** What is in sight at once; `years` is ten of them. */
export const SPANS = ["day", "week", "month", "year", "years"] as const;
export type Span = (typeof SPANS)[number];

/** What the bars of each span can be, the usual one first. */
export const UNITS_OF: Readonly<Record<Span, readonly Unit[]>> = {
  day: ["hour", "quarter"],
  week: ["day", "hour"],
  month: ["day"],
  year: ["month", "week", "day"],
  years: ["year", "month"],
};

/** The time of one bar in Unix milliseconds, end exclusive. */
export interface Slot {
  from: number;
  to: number;
}

export const DAY_MS = 86_400_000;
const STEPS: Partial<Record<Unit, number>> = { quarter: 900_000, hour: 3_600_000 };
const TEN = 10;
const THURSDAY = 3;

/** The day of a text such as `2026-03-29`, undefined where there is no such day. */
export function parseDay(text: string | undefined): Day | undefined {
  const match = /^(\d{4})-(\d\d)-(\d\d)$/.exec(text ?? "");
  if (!match) return undefined;
  const day = dayOf(Number(match[1]), Number(match[2]), Number(match[3]));
  return isoDay(day) === text ? day : undefined;
}

export function isoDay(day: Day): string {
  return new Date(day * DAY_MS).toISOString().slice(0, TEN);
}

/** The day of a year, month (1 to 12) and day of the month. */
export function dayOf(year: number, month: number, date: number): Day {
  return Date.UTC(year, month - 1, date) / DAY_MS;
}

export function partsOf(day: Day): { year: number; month: number; date: number; weekday: number } {
  const at = new Date(day * DAY_MS);
  return {
    year: at.getUTCFullYear(),
    month: at.getUTCMonth() + 1,
    date: at.getUTCDate(),
    weekday: (at.getUTCDay() + 6) % 7,
  };
}

/** The day in a time zone at a point in time. */
export function dayAt(time: number, zone: string): Day {
  return Math.floor(wallClock(time, zone) / DAY_MS);
}

/** When a day begins in a time zone, in Unix milliseconds. */
export function midnight(day: Day, zone: string): number {
  const wanted = day * DAY_MS;
  const guess = wanted - (wallClock(wanted, zone) - wanted);
  return wanted - (wallClock(guess, zone) - guess);
}

/** The ISO 8601 week that a day lies in. */
export function isoWeek(day: Day): { year: number; week: number } {
  const thursday = day - partsOf(day).weekday + THURSDAY;
  const { year } = partsOf(thursday);
  return { year, week: 1 + Math.floor((thursday - dayOf(year, 1, 1)) / 7) };
}

function isoYearStart(year: number): Day {
  const fourth = dayOf(year, 1, 4);
  return fourth - partsOf(fourth).weekday;
}

/** First day and the day after the last of what is in sight; a year of weeks is the ISO year, so that weeks stay whole. */
export function bounds(span: Span, unit: Unit, day: Day): [first: Day, end: Day] {
  const { year, month, weekday } = partsOf(day);
  switch (span) {
    case "day":
      return [day, day + 1];
    case "week":
      return [day - weekday, day - weekday + 7];
    case "month":
      return [dayOf(year, month, 1), dayOf(year, month + 1, 1)];
    case "year": {
      if (unit !== "week") return [dayOf(year, 1, 1), dayOf(year + 1, 1, 1)];
      const iso = isoWeek(day).year;
      return [isoYearStart(iso), isoYearStart(iso + 1)];
    }
    case "years":
      return [dayOf(year - TEN + 1, 1, 1), dayOf(year + 1, 1, 1)];
  }
}

/** The day so many spans on or (negative) back; the day of the month is kept where there is one. */
export function walk(span: Span, unit: Unit, day: Day, steps: number): Day {
  const { year, month, date } = partsOf(day);
  switch (span) {
    case "day":
      return day + steps;
    case "week":
      return day + 7 * steps;
    case "month":
      return clamped(year, month + steps, date);
    case "year":
      return unit === "week"
        ? isoYearStart(isoWeek(day).year + steps) + THURSDAY
        : clamped(year + steps, month, date);
    case "years":
      return clamped(year + TEN * steps, month, date);
  }
}

function clamped(year: number, month: number, date: number): Day {
  const first = dayOf(year, month, 1);
  const next = partsOf(first);
  return first + Math.min(date, dayOf(next.year, next.month + 1, 1) - first) - 1;
}

/** The bars between two days in a time zone. */
export function slotsOf([first, end]: readonly [Day, Day], unit: Unit, zone: string): Slot[] {
  const step = STEPS[unit];
  if (step !== undefined) return clockSlots(midnight(first, zone), midnight(end, zone), step);
  const slots: Slot[] = [];
  let from = midnight(first, zone);
  for (let day = first; day < end; ) {
    day = following(unit, day);
    const to = midnight(day, zone);
    slots.push({ from, to });
    from = to;
  }
  return slots;
}

function clockSlots(from: number, to: number, step: number): Slot[] {
  const slots: Slot[] = [];
  for (let start = from; start < to; start += step)
    slots.push({ from: start, to: Math.min(start + step, to) });
  return slots;
}

function following(unit: Unit, day: Day): Day {
  const { year, month } = partsOf(day);
  if (unit === "year") return dayOf(year + 1, 1, 1);
  if (unit === "month") return dayOf(year, month + 1, 1);
  return unit === "week" ? day + 7 : day + 1;
}

/** Where a bar stands in its span, so that the bars of two spans can be laid side by side: 29 February has no other. */
export function placeOf(slot: Slot, span: Span, unit: Unit, zone: string): string {
  const wall = wallClock(slot.from, zone);
  const day = Math.floor(wall / DAY_MS);
  const { year, month, date, weekday } = partsOf(day);
  if (unit === "week") return `${isoWeek(day).week}`;
  if (unit === "year") return `${((year % TEN) + TEN) % TEN}`;
  if (unit === "month") return span === "years" ? `${((year % TEN) + TEN) % TEN}-${month}` : `${month}`;
  if (unit === "day")
    return span === "week" ? `${weekday}` : span === "year" ? `${month}-${date}` : `${date}`;
  const clock = (wall - day * DAY_MS) / 60_000;
  const again = wallClock(slot.from - 3_600_000, zone) === wall ? "b" : "";
  return `${span === "week" ? weekday : ""}:${clock}${again}`;
}
