import { decimals, type Exact } from "../api/exact";
import { isTextKey, type LanguageCode, type TextKey, text } from "../texts/language";

/** A number taken apart, so that the digits behind the point can be set apart. */
export interface NumberParts {
  whole: string;
  fraction: string;
}

const UNITS_OF_TIME = [
  ["day", 86_400],
  ["hour", 3_600],
  ["minute", 60],
  ["second", 1],
] as const;

/** Everything that depends on language, locale and time zone. */
export class Format {
  private readonly numbers = new Map<number, Intl.NumberFormat>();
  private readonly dates = new Map<string, Intl.DateTimeFormat>();

  constructor(
    readonly code: LanguageCode,
    readonly locale: string,
    readonly zone: string,
  ) {}

  text(key: TextKey, values?: Record<string, string | number>): string {
    return text(this.code, key, values);
  }

  /** The name of a kind of M-Bus device. */
  kind(kind: string): string {
    const key = `kind.${kind}`;
    return this.text(isTextKey(key) ? key : "kind.unknown");
  }

  /** The name of what a gateway counts; one that we do not know as it calls it. */
  counter(name: string): string {
    const key = `counter.${name}`;
    return isTextKey(key) ? this.text(key) : name.replaceAll("_", " ");
  }

  /** A number with exactly so many digits behind the point; minus is a real minus sign. */
  number(value: number, digits = 0): string {
    return this.digits(digits).format(value).replace("-", "−");
  }

  /** An exact number with all its own digits. */
  exact(value: Exact): string {
    return this.digits(decimals(value))
      .format(value as unknown as number)
      .replace("-", "−");
  }

  /** Thousandths (Wh as kWh, litre as m³), taken apart at the point. */
  thousandths(value: number): NumberParts {
    const shown = this.number(value / 1000, 3);
    return { whole: shown.slice(0, -4), fraction: shown.slice(-4) };
  }

  percent(share: number): string {
    return new Intl.NumberFormat(this.locale, { style: "percent" }).format(share);
  }

  /** A point in time as hours, minutes and seconds; the day before it when it was not on the day of `now`. */
  clock(time: number, now: number): string {
    const day = this.date(time, { dateStyle: "short" });
    const clock = this.date(time, { timeStyle: "medium" });
    return day === this.date(now, { dateStyle: "short" }) ? clock : `${day} ${clock}`;
  }

  /** Day, month, hour and minute. */
  moment(time: number): string {
    return this.date(time, { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" });
  }

  /** Hours, minutes and seconds. */
  second(time: number): string {
    return this.date(time, { timeStyle: "medium" });
  }

  /** Hours and minutes. */
  minute(time: number): string {
    return this.date(time, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
  }

  /** The hour alone, 0 to 23. */
  hour(time: number): string {
    return String(Number(this.date(time, { hour: "2-digit", hourCycle: "h23" }).replace(/\D/g, "")));
  }

  /** Day, month, year, hours, minutes and seconds. */
  full(time: number): string {
    return this.date(time, { dateStyle: "medium", timeStyle: "medium" });
  }

  /** Day, month and year of a date such as `2026-01-31`. */
  calendar(date: string): string {
    return new Intl.DateTimeFormat(this.locale, { dateStyle: "medium", timeZone: "UTC" }).format(
      Date.parse(date),
    );
  }

  /** A number of seconds as days, hours, minutes or seconds: the two largest of them. */
  duration(seconds: number): string {
    const parts: string[] = [];
    let rest = Math.round(seconds);
    for (const [unit, size] of UNITS_OF_TIME) {
      const count = Math.floor(rest / size);
      rest -= count * size;
      if (parts.length === 0 && count === 0 && unit !== "second") continue;
      if (count > 0 || parts.length === 0) parts.push(this.amount(count, unit));
      if (parts.length === 2) break;
    }
    return new Intl.ListFormat(this.locale, { type: "unit" }).format(parts);
  }

  private amount(count: number, unit: string): string {
    return new Intl.NumberFormat(this.locale, { style: "unit", unit, unitDisplay: "short" }).format(count);
  }

  /** Weekday, day and month in full. */
  day(time: number): string {
    return this.date(time, { weekday: "long", day: "numeric", month: "long" });
  }

  private date(time: number, options: Intl.DateTimeFormatOptions): string {
    const key = JSON.stringify(options);
    let format = this.dates.get(key);
    if (!format) {
      format = new Intl.DateTimeFormat(this.locale, { ...options, timeZone: this.zone });
      this.dates.set(key, format);
    }
    return format.format(time);
  }

  private digits(count: number): Intl.NumberFormat {
    let format = this.numbers.get(count);
    if (!format) {
      const options = { minimumFractionDigits: count, maximumFractionDigits: count };
      format = new Intl.NumberFormat(this.locale, { ...options, useGrouping: true });
      this.numbers.set(count, format);
    }
    return format;
  }
}
