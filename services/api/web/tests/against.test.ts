import { describe, expect, it } from "vitest";
import { against } from "../src/live/against";

const ZONE = "Europe/Amsterdam";
const QUARTER = 900_000;

/** Quarters from a time on, each with the same use. */
function quarters(from: string, count: number, kwh: string, more = {}) {
  const start = Date.parse(from);
  return Array.from({ length: count }, (_, index) => ({
    from: new Date(start + index * QUARTER).toISOString(),
    to: new Date(start + (index + 1) * QUARTER).toISOString(),
    complete: true,
    energy_import_kwh: kwh,
    ...more,
  }));
}

describe("today against yesterday", () => {
  const now = Date.parse("2026-03-11T02:07:00+01:00");

  it("counts both days up to the last quarter-hour that is over", () => {
    const rows = [
      ...quarters("2026-03-10T00:00:00+01:00", 96, "0.100"),
      ...quarters("2026-03-11T00:00:00+01:00", 9, "0.150"),
    ];
    expect(against(rows, now, ZONE)).toEqual({
      at: Date.parse("2026-03-11T02:00:00+01:00"),
      more: { energy_import_kwh: 400 },
    });
  });

  it("says nothing of a counter that lacks a quarter, nor of a day that is not whole", () => {
    const today = quarters("2026-03-11T00:00:00+01:00", 8, "0.150", { gas_m3: "0.010" });
    const yesterday = quarters("2026-03-10T00:00:00+01:00", 96, "0.100");
    expect(against([...yesterday, ...today], now, ZONE).more).toEqual({ energy_import_kwh: 400 });
    expect(against([...yesterday.slice(3), ...today], now, ZONE).more).toEqual({});
    const hole = yesterday.map((row, index) => (index === 2 ? { ...row, hole: true } : row));
    expect(against([...hole, ...today], now, ZONE).more).toEqual({});
  });

  it("compares the same time of the wall clock, not the same number of hours, unless an hour is missing", () => {
    const noon = Date.parse("2026-03-30T01:00:00+02:00");
    const rows = [
      ...quarters("2026-03-29T00:00:00+01:00", 92, "0.100"),
      ...quarters("2026-03-30T00:00:00+02:00", 4, "0.100"),
    ];
    expect(against(rows, noon, ZONE).more).toEqual({ energy_import_kwh: 0 });
  });
});
