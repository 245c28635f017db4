import { decimals, type Exact } from "../api/exact";
import { isTextKey, type LanguageCode, type TextKey, text } from "../texts/language";

/** A number taken apart, so that the digits behind the point can be set apart. */
export interface NumberParts {
  whole: string;
  fraction: string;
}

/** Everything that depends on language, locale and time zone. */
export class Format {
  private readonly numbers = new Map<number, Intl.NumberFormat>();

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

  /** Weekday, day and month in full. */
  day(time: number): string {
    return this.date(time, { weekday: "long", day: "numeric", month: "long" });
  }

  private date(time: number, options: Intl.DateTimeFormatOptions): string {
    return new Intl.DateTimeFormat(this.locale, { ...options, timeZone: this.zone }).format(time);
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
