import { describe, expect, it } from "vitest";
import {
  bounds,
  dayAt,
  isoDay,
  isoWeek,
  midnight,
  parseDay,
  placeOf,
  type Span,
  slotsOf,
  type Unit,
  walk,
} from "../src/history/calendar";

const ZONE = "Europe/Amsterdam";
const day = (text: string) => parseDay(text) ?? Number.NaN;
const span = (kind: Span, unit: Unit, text: string) => bounds(kind, unit, day(text)).map(isoDay);
const slots = (kind: Span, unit: Unit, text: string) => slotsOf(bounds(kind, unit, day(text)), unit, ZONE);

describe("the calendar", () => {
  it("reads only days that there are", () => {
    expect(parseDay("2024-02-29")).toBeDefined();
    for (const text of ["2023-02-29", "2026-13-01", "2026-1-1", "today", ""])
      expect(parseDay(text)).toBeUndefined();
  });

  it("begins a day at the home's midnight, in winter and in summer", () => {
    expect(new Date(midnight(day("2026-01-10"), ZONE)).toISOString()).toBe("2026-01-09T23:00:00.000Z");
    expect(new Date(midnight(day("2026-07-10"), ZONE)).toISOString()).toBe("2026-07-09T22:00:00.000Z");
    expect(isoDay(dayAt(Date.parse("2026-01-09T23:30:00Z"), ZONE))).toBe("2026-01-10");
    expect(isoDay(dayAt(Date.parse("2026-01-10T04:30:00Z"), "America/New_York"))).toBe("2026-01-09");
  });

  it("knows weeks by ISO 8601", () => {
    expect(isoWeek(day("2027-01-03"))).toEqual({ year: 2026, week: 53 });
    expect(isoWeek(day("2025-12-29"))).toEqual({ year: 2026, week: 1 });
    expect(span("week", "day", "2026-11-26")).toEqual(["2026-11-23", "2026-11-30"]);
    expect(span("year", "week", "2026-06-01")).toEqual(["2025-12-29", "2027-01-04"]);
    expect(slots("year", "week", "2026-06-01")).toHaveLength(53);
  });

  it("spans whole months, years and ten years", () => {
    expect(span("month", "day", "2026-12-31")).toEqual(["2026-12-01", "2027-01-01"]);
    expect(span("year", "month", "2024-02-29")).toEqual(["2024-01-01", "2025-01-01"]);
    expect(span("years", "year", "2026-05-05")).toEqual(["2017-01-01", "2027-01-01"]);
  });

  it("walks on and back, and stays in the month where the day is missing", () => {
    const walked = (kind: Span, text: string, steps: number, unit: Unit = "day") =>
      isoDay(walk(kind, unit, day(text), steps));
    expect(walked("month", "2026-01-31", 1)).toBe("2026-02-28");
    expect(walked("month", "2026-01-31", -2)).toBe("2025-11-30");
    expect(walked("year", "2024-02-29", 1)).toBe("2025-02-28");
    expect(walked("year", "2024-02-29", -4)).toBe("2020-02-29");
    expect(walked("week", "2026-01-01", -1)).toBe("2025-12-25");
    expect(walked("day", "2024-02-28", 1)).toBe("2024-02-29");
    expect(walked("years", "2026-05-05", -1)).toBe("2016-05-05");
    expect(isoWeek(walk("year", "week", day("2027-01-02"), 1)).year).toBe(2027);
  });

  it("has 23 and 25 hours, and days as long as they are", () => {
    expect(slots("day", "hour", "2026-03-29")).toHaveLength(23);
    expect(slots("day", "hour", "2026-10-25")).toHaveLength(25);
    expect(slots("day", "quarter", "2026-10-25")).toHaveLength(100);
    expect(slots("week", "hour", "2026-10-25")).toHaveLength(169);
    const month = slots("month", "day", "2026-03-29");
    expect(month).toHaveLength(31);
    expect((month[28]?.to ?? 0) - (month[28]?.from ?? 0)).toBe(23 * 3_600_000);
    expect(slots("year", "day", "2024-01-01")).toHaveLength(366);
  });

  it("leaves no time between two bars", () => {
    for (const unit of ["month", "week", "day"] as const) {
      const all = slots("year", unit, "2026-06-01");
      all.slice(1).forEach((slot, index) => {
        expect(slot.from).toBe(all[index]?.to);
      });
    }
  });

  it("lays the bars of two spans side by side by their place in the calendar", () => {
    const places = (kind: Span, unit: Unit, text: string) =>
      slots(kind, unit, text).map((slot) => placeOf(slot, kind, unit, ZONE));
    expect(places("year", "day", "2024-01-01")[59]).toBe("2-29");
    expect(places("year", "day", "2025-01-01")).not.toContain("2-29");
    expect(places("year", "day", "2025-01-01")[364]).toBe(places("year", "day", "2024-01-01")[365]);
    expect(places("week", "day", "2026-11-26")[0]).toBe(places("week", "day", "2025-11-26")[0]);
    expect(new Set(places("day", "hour", "2026-10-25")).size).toBe(25);
    expect(places("day", "hour", "2026-10-25")).toEqual(
      expect.arrayContaining(places("day", "hour", "2026-10-26")),
    );
    expect(places("years", "year", "2026-01-01")).toEqual(
      ["2017", "2018", "2019", "2020", "2021", "2022", "2023", "2024", "2025", "2026"].map((y) => y[3]),
    );
  });
});
