/** Midnight before `time` and the next, in the home's time zone, in Unix milliseconds. */
export function dayAround(time: number, zone: string): [from: number, to: number] {
  const from = midnight(time, zone);
  return [from, midnight(from + 36 * 3_600_000, zone)];
}

/** Milliseconds that the home's wall clock has gone since midnight. */
export function timeOfDay(time: number, zone: string): number {
  return wallClock(time, zone) % 86_400_000;
}

/** The moment of a telegram's local time `YYMMDDhhmmss` with S (summer), W (winter) or no letter; undefined for nonsense. */
export function momentOf(stamp: string, zone: string): number | undefined {
  const parts = /^(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)([SW]?)$/.exec(stamp);
  if (!parts) return undefined;
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = parts.slice(1, 7).map(Number);
  const wall = Date.UTC(2000 + year, month - 1, day, hour, minute, second);
  const check = new Date(wall);
  if (check.getUTCMonth() !== month - 1 || check.getUTCDate() !== day || hour > 23) return undefined;
  const offsets = [wall - 86_400_000, wall + 86_400_000].map((near) => wallClock(near, zone) - near);
  const moments = offsets.map((offset) => wall - offset).filter((at) => wallClock(at, zone) === wall);
  const [early, late] = [Math.min(...moments), Math.max(...moments)];
  if (moments.length === 0) return wall - (offsets[0] ?? 0);
  return parts[7] === "W" ? late : early;
}

function midnight(time: number, zone: string): number {
  const day = Math.floor(wallClock(time, zone) / 86_400_000) * 86_400_000;
  const guess = day - (wallClock(time, zone) - Math.floor(time / 1000) * 1000);
  return day - (wallClock(guess, zone) - guess);
}

const formats = new Map<string, Intl.DateTimeFormat>();

/** What the wall clock shows, written as if it were UTC. */
export function wallClock(time: number, zone: string): number {
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
