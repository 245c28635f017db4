import type { Format } from "../format/format";

const HOUR_S = 3600;
const DAY_S = 86_400;
const MONTH_S = 28 * DAY_S;
const YEAR_S = 365 * DAY_S;

/** The words of the time axis and of spans of time, in the home's zone. */
export class TimeWords {
  private readonly formats = new Map<string, Intl.DateTimeFormat>();

  constructor(readonly format: Format) {}

  /** A mark on the time axis (Unix seconds), as much of it as marks so far apart need. */
  tick(time: number, apart: number): string {
    if (apart >= YEAR_S) return this.say(time, { year: "numeric" });
    if (apart >= MONTH_S)
      return this.isFirst(time, "month") ? this.say(time, { year: "numeric" }) : this.say(time, MONTH);
    if (apart >= DAY_S) return this.say(time, DAY);
    if (this.say(time, CLOCK) === "00:00") return this.say(time, DAY);
    return this.say(time, apart < 60 ? SECOND : CLOCK);
  }

  /** A bin (Unix seconds): from when to when. */
  bin(from: number, to: number): string {
    if (to - from < 1.5) return this.say(from, { ...SECOND, ...(DAY as object) });
    const clock = to - from < 60 ? SECOND : CLOCK;
    if (to - from >= DAY_S) return this.range(from, to - 1, { ...DAY, year: "numeric" });
    return this.range(from, to, { ...DAY, ...clock });
  }

  /** What is in sight (Unix seconds). */
  span(from: number, to: number): string {
    if (to - from > 2 * DAY_S) return this.range(from, to, { ...DAY, year: "numeric" });
    return this.range(from, to, { ...DAY, ...(to - from < HOUR_S / 2 ? SECOND : CLOCK) });
  }

  private isFirst(time: number, part: "month"): boolean {
    return this.say(time, { [part]: "numeric" }) === "1";
  }

  private range(from: number, to: number, options: Intl.DateTimeFormatOptions): string {
    return this.intl(options).formatRange(from * 1000, to * 1000);
  }

  private say(time: number, options: Intl.DateTimeFormatOptions): string {
    return this.intl(options).format(time * 1000);
  }

  private intl(options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
    const key = JSON.stringify(options);
    let found = this.formats.get(key);
    if (!found) {
      found = new Intl.DateTimeFormat(this.format.locale, { ...options, timeZone: this.format.zone });
      this.formats.set(key, found);
    }
    return found;
  }
}

const DAY = { day: "numeric", month: "short" } as const;
const MONTH = { month: "short" } as const;
const CLOCK = { hour: "2-digit", minute: "2-digit", hourCycle: "h23" } as const;
const SECOND = { ...CLOCK, second: "2-digit" } as const;

/** A value of the vertical axis; kilowatts where it is many watts. */
export function valueTick(value: number, unit: string, apart: number, format: Format): string {
  if (unit === "W" && Math.abs(value) >= 1000)
    return `${format.number(value / 1000, apart % 1000 === 0 ? 0 : 1)} kW`;
  return `${format.number(value, Number.isInteger(apart) ? 0 : 1)} ${unit}`;
}

/** Room above and below what is seen; without zero in sight it is a part of what is between. */
export function valueRange(low: number | null, high: number | null, zero: boolean): [number, number] {
  if (low === null || high === null) return zero ? [0, 100] : [220, 240];
  if (!zero) {
    const air = Math.max((high - low) * 0.08, 0.5);
    return [low - air, high + air];
  }
  const [bottom, top] = [Math.min(low, 0), Math.max(high, 0)];
  const air = Math.max((top - bottom) * 0.08, 1);
  return [bottom < 0 ? bottom - air : 0, top > 0 ? top + air : 0];
}
