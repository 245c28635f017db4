import { describe, expect, it } from "vitest";
import type { Reading } from "../src/api/reading";
import { dayAround } from "../src/live/day";
import { amountsOf, dayOf, grown } from "../src/live/today";

const HOUR = 3_600_000;
const ZONE = "Europe/Amsterdam";
const [from, to] = dayAround(Date.parse("2026-06-10T12:00:00Z"), ZONE);
const row = (hour: number, values: Record<string, unknown>) => ({
  from: new Date(from + hour * HOUR).toISOString(),
  to: new Date(from + (hour + 1) * HOUR).toISOString(),
  ...values,
});
const reading = (hour: number, kwh: string): Reading => ({
  gateway: "home",
  measured_at: new Date(from + hour * HOUR).toISOString(),
  energy_import_kwh: kwh,
});

describe("today", () => {
  const usage = {
    rows: [row(0, { energy_import_kwh: "0.250" }), row(1, { energy_import_kwh: "0.100", complete: false })],
  };

  it("has every hour of the day, whether history knows it or not", () => {
    const day = dayOf(usage, [from, to], { energy_import_kwh: 5350 });
    expect(day.hours).toHaveLength(24);
    expect(day.hours.filter(({ known }) => known)).toHaveLength(2);
    expect(day.total).toEqual({ energy_import_kwh: 350 });
  });

  it("grows with the live register to the watt-hour, in the hour of the reading", () => {
    const day = dayOf(usage, [from, to], { energy_import_kwh: 5350 });
    const { hours, total } = grown(day, reading(1.5, "5.357"));
    expect(total.energy_import_kwh).toBe(357);
    expect(hours[1]?.amounts.energy_import_kwh).toBe(107);
    expect(hours[0]?.amounts.energy_import_kwh).toBe(250);
  });

  it("opens the next hour when the reading is in it", () => {
    const day = dayOf(usage, [from, to], { energy_import_kwh: 5350 });
    const { hours } = grown(day, reading(2.01, "5.351"));
    expect(hours[2]).toMatchObject({ known: true, amounts: { energy_import_kwh: 1 } });
  });

  it("does not grow by the reading of another day, nor shrink by an older one", () => {
    const day = dayOf(usage, [from, to], { energy_import_kwh: 5350 });
    expect(grown(day, reading(25, "9.000")).total.energy_import_kwh).toBe(350);
    expect(grown(day, reading(1.1, "5.300")).total.energy_import_kwh).toBe(350);
  });

  it("has a zero, not a gap, in the running hour that history does not know yet", () => {
    const day = dayOf({ rows: [] }, [from, to], { energy_import_kwh: 5000 });
    const { hours } = grown(day, reading(3.2, "5.000"));
    expect(hours[3]).toMatchObject({ known: true, amounts: { energy_import_kwh: 0 } });
    expect(hours[2]?.known).toBe(false);
  });

  it("finds the start of the day again where history lagged behind at first", () => {
    const lagging = dayOf(usage, [from, to], { energy_import_kwh: 5352 });
    const better = dayOf(usage, [from, to], { energy_import_kwh: 5350 }, lagging);
    const worse = dayOf(usage, [from, to], { energy_import_kwh: 5351 }, better);
    expect(worse.start.energy_import_kwh).toBe(5000);
    expect(dayOf(usage, [from, to], { energy_import_kwh: 900 }, better).start.energy_import_kwh).toBe(550);
  });

  it("adds up the tariffs where the meter has no total, and leaves out what it does not count", () => {
    expect(amountsOf({ energy_import_t1_kwh: "1.001", energy_import_t2_kwh: "2.002" })).toEqual({
      energy_import_kwh: 3003,
    });
  });

  it("takes the total of history, which holds what was used across a hole", () => {
    const day = dayOf({ ...usage, total: { energy_import_kwh: "0.500" } }, [from, to], {});
    expect(day.total.energy_import_kwh).toBe(500);
  });
});

describe("the home's day", () => {
  it("is 23 hours long when summer time begins and 25 when it ends", () => {
    const length = (day: string) => {
      const [start, end] = dayAround(Date.parse(day), ZONE);
      return (end - start) / HOUR;
    };
    expect(length("2026-03-29T10:00:00Z")).toBe(23);
    expect(length("2026-10-25T10:00:00Z")).toBe(25);
    expect(length("2026-10-24T22:30:00.123Z")).toBe(25);
    expect(length("2026-06-10T22:30:00Z")).toBe(24);
  });

  it("begins at the midnight of its own zone", () => {
    expect(new Date(from).toISOString()).toBe("2026-06-09T22:00:00.000Z");
    expect(new Date(dayAround(Date.parse("2026-06-10T01:00:00Z"), "America/New_York")[0]).toISOString()).toBe(
      "2026-06-09T04:00:00.000Z",
    );
  });
});
