/** Midnight before `time` and the next, in the home's time zone, in Unix milliseconds. */
export function dayAround(time: number, zone: string): [from: number, to: number] {
  const from = midnight(time, zone);
  return [from, midnight(from + 36 * 3_600_000, zone)];
}

/** Milliseconds that the home's wall clock has gone since midnight. */
export function timeOfDay(time: number, zone: string): number {
  return wallClock(time, zone) % 86_400_000;
}

function midnight(time: number, zone: string): number {
  const day = Math.floor(wallClock(time, zone) / 86_400_000) * 86_400_000;
  const guess = day - (wallClock(time, zone) - Math.floor(time / 1000) * 1000);
  return day - (wallClock(guess, zone) - guess);
}

const formats = new Map<string, Intl.DateTimeFormat>();

/** What the wall clock shows, written as if it were UTC. */
function wallClock(time: number, zone: string): number {
  let format = formats.get(zone);
  if (!format) {
    format = new Intl.DateTimeFormat("en-US", {
      timeZone: zone,
      hourCycle: "h23",
      year: "numeric",
      month: "numeric",
      day: "numeric",
      hour: "numeric",
      minute: "numeric",
      second: "numeric",
    });
    formats.set(zone, format);
  }
  const part: Record<string, number> = {};
  for (const { type, value } of format.formatToParts(time)) part[type] = Number(value);
  const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = part;
  return Date.UTC(year, month - 1, day, hour, minute, second);
}
