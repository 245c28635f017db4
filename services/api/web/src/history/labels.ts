import type { Format } from "../format/format";
import { bounds, DAY_MS, type Day, dayAt, isoWeek, partsOf, type Slot, walk } from "./calendar";
import { labelEvery } from "./geometry";
import type { Quantity } from "./quantity";
import type { View } from "./view";

/** A label under the bars, centred at a share of their width. */
export interface AxisLabel {
  at: number;
  text: string;
  /** Where its group of bars begins, as a share of the width. */
  from?: number;
}

const LONG = { weekday: "long", day: "numeric", month: "long" } as const;

/** The words of periods, bars and amounts. */
export class Labels {
  private readonly formats = new Map<string, Intl.DateTimeFormat>();

  constructor(readonly format: Format) {}

  /** What is in sight: `November 2026`. */
  title(view: View, day: Day): string {
    const [first, end] = bounds(view.span, view.unit, day);
    switch (view.span) {
      case "day":
        return this.civil(first, { ...LONG, year: "numeric" });
      case "week":
        return `${this.week(first)} · ${this.range(first, end - 1)}`;
      case "month":
        return this.civil(first, { month: "long", year: "numeric" });
      case "year":
        return String(view.unit === "week" ? isoWeek(first).year : partsOf(first).year);
      case "years":
        return `${partsOf(first).year}–${partsOf(end - 1).year}`;
    }
  }

  /** What it is compared with. */
  comparedTitle(view: View, day: Day): string {
    if (view.compare === "previous" || view.span === "year")
      return this.title(view, walk(view.span, view.unit, day, -1));
    if (view.span !== "week") return this.title(view, walk("year", "day", day, -1));
    const [first, end] = bounds("week", "day", day);
    const [from, to] = [walk("year", "day", first, -1), walk("year", "day", end - 1, -1)];
    return this.range(from, to);
  }

  /** What a bar stands for. */
  bar(slot: Slot, view: View): string {
    const day = this.day(slot);
    switch (view.unit) {
      case "quarter":
      case "hour": {
        const span = `${this.clock(slot.from)}–${this.clock(slot.to)}`;
        return view.span === "week" ? `${this.civil(day, { weekday: "long" })} ${span}` : span;
      }
      case "day":
        return this.civil(day, LONG);
      case "week":
        return `${this.week(day)} · ${this.range(day, day + 6)}`;
      case "month":
        return this.civil(day, { month: "long", year: "numeric" });
      case "year":
        return String(partsOf(day).year);
    }
  }

  /** The labels under the bars, as many as fit. */
  axis(slots: readonly Slot[], view: View, width: number): AxisLabel[] {
    if (view.unit === "day" && view.span === "year") return this.groups(slots, width, { month: "short" }, 34);
    if (view.unit === "month" && view.span === "years")
      return this.groups(slots, width, { year: "numeric" }, 40);
    if (view.unit === "hour" && view.span === "week")
      return this.groups(slots, width, { weekday: "short" }, 34);
    return this.single(slots, view, width);
  }

  private single(slots: readonly Slot[], view: View, width: number): AxisLabel[] {
    const narrow = width / slots.length < 34;
    const clock = view.unit === "hour" || view.unit === "quarter";
    const every = clock
      ? labelEvery(24, width, 30, [1, 2, 3, 6])
      : labelEvery(slots.length, width, view.unit === "year" ? 40 : narrow ? 22 : 34);
    const found: AxisLabel[] = [];
    slots.forEach((slot, index) => {
      const text = this.tick(slot, view, narrow);
      const wanted = clock ? text !== "" && Number(text) % every === 0 : index % every === 0;
      if (wanted) found.push({ at: (index + 0.5) / slots.length, text });
    });
    return found;
  }

  private tick(slot: Slot, view: View, narrow: boolean): string {
    const day = this.day(slot);
    switch (view.unit) {
      case "quarter":
      case "hour": {
        const [hour = "", minute] = this.clock(slot.from).split(":");
        return minute === "00" ? String(Number(hour)) : "";
      }
      case "day":
        return view.span === "week"
          ? this.civil(day, { weekday: "short", day: "numeric" })
          : String(partsOf(day).date);
      case "week":
        return String(isoWeek(day).week);
      case "month":
        return this.civil(day, { month: narrow ? "narrow" : "short" });
      case "year":
        return String(partsOf(day).year);
    }
  }

  /** One label for all bars of a month, a year or a day, in their middle; every second or third where they are many. */
  private groups(
    slots: readonly Slot[],
    width: number,
    options: Intl.DateTimeFormatOptions,
    widest: number,
  ): AxisLabel[] {
    const found: { text: string; first: number; last: number }[] = [];
    slots.forEach((slot, index) => {
      const text = this.civil(this.day(slot), options);
      const group = found.at(-1);
      if (group?.text === text) group.last = index;
      else found.push({ text, first: index, last: index });
    });
    const narrow = width / found.length < widest && "month" in options;
    const every = narrow ? 1 : labelEvery(found.length, width, widest);
    return found.map(({ text, first, last }, index) => ({
      at: (first + last + 1) / 2 / slots.length,
      from: first / slots.length,
      text: index % every ? "" : narrow ? text.slice(0, 1).toUpperCase() : text,
    }));
  }

  /** A point in time with its day. */
  moment(time: number): string {
    return this.intl({ day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" }, true).format(
      time,
    );
  }

  clock(time: number): string {
    return this.intl({ hour: "2-digit", minute: "2-digit", hourCycle: "h23" }, true).format(time);
  }

  /** An amount with the digits it has, and its unit. */
  amount(value: number, quantity: Quantity, currency: string | undefined, digits = 3): string {
    if (quantity.name === "cost") return this.money(value / 10 ** quantity.places, currency);
    return `${this.format.number(value / 10 ** quantity.places, digits)} ${quantity.unit}`;
  }

  money(value: number, currency: string | undefined): string {
    const options = currency ? ({ style: "currency", currency } as const) : { minimumFractionDigits: 2 };
    return new Intl.NumberFormat(this.format.locale, { ...options, maximumFractionDigits: 2 })
      .format(value)
      .replace("-", "−");
  }

  private week(day: Day): string {
    return this.format.text("history.week", { week: isoWeek(day).week });
  }

  private range(first: Day, last: Day): string {
    const options = { day: "numeric", month: "short", year: "numeric" } as const;
    return this.intl(options, false).formatRange(first * DAY_MS, last * DAY_MS);
  }

  private civil(day: Day, options: Intl.DateTimeFormatOptions): string {
    return this.intl(options, false).format(day * DAY_MS);
  }

  private day(slot: Slot): Day {
    return dayAt(slot.from, this.format.zone);
  }

  private intl(options: Intl.DateTimeFormatOptions, clock: boolean): Intl.DateTimeFormat {
    const key = JSON.stringify([options, clock]);
    let found = this.formats.get(key);
    if (!found) {
      const timeZone = clock ? this.format.zone : "UTC";
      found = new Intl.DateTimeFormat(this.format.locale, { ...options, timeZone });
      this.formats.set(key, found);
    }
    return found;
  }
}
