import { describe, expect, it } from "vitest";
import { Format } from "../src/format/format";
import { bounds, isoDay, parseDay, type Span, slotsOf, type Unit } from "../src/history/calendar";
import { edgesOf, extentOf, labelEvery, scaleFor, snapTo, stackPath } from "../src/history/geometry";
import { Labels } from "../src/history/labels";
import { type Amounts, netOf, QUANTITIES, type Quantity, type QuantityName } from "../src/history/quantity";
import { type Layout, sumOf, tableOf, type UsageAnswer } from "../src/history/table";
import { available, inward, outward, queryOf, usageQuery, viewOf } from "../src/history/view";
import { barText, deltaText } from "../src/history/words";

const ZONE = "Europe/Amsterdam";
const day = (text: string) => parseDay(text) ?? Number.NaN;
const quantity = (name: QuantityName) => QUANTITIES.find((each) => each.name === name) as Quantity;
const ELECTRICITY = quantity("electricity");
const LATER = Date.parse("2027-06-01T00:00:00Z");

function layout(span: Span, unit: Unit, at: string, now = LATER): Layout {
  return { slots: slotsOf(bounds(span, unit, day(at)), unit, ZONE), span, unit, zone: ZONE, now };
}

function rowsOf(lay: Layout, values: (index: number) => Record<string, unknown>) {
  return lay.slots.map(({ from, to }, index) => ({
    from: new Date(from).toISOString(),
    to: new Date(to).toISOString(),
    complete: true,
    hole: false,
    ...values(index),
  }));
}

describe("the table", () => {
  const week = layout("week", "day", "2026-11-26");
  const rows = rowsOf(week, (index) => ({
    energy_import_kwh: `${index}.00${index}`,
    energy_export_kwh: "0.250",
    gas_m3: "1.000",
  }));
  const hole = {
    from: "2026-11-24T10:00:00+01:00",
    to: "2026-11-25T09:00:00+01:00",
    energy_import_kwh: "3.204",
    energy_export_kwh: "0.000",
  };

  it("adds up exactly: bars and holes are the number above them, in watt-hours", () => {
    const table = tableOf({ rows, holes: [hole] }, ELECTRICITY, week);
    expect(sumOf(table.bars)).toEqual({ energy_import_kwh: 21_021, energy_export_kwh: -1_750 });
    expect(table.inHoles).toEqual({ energy_import_kwh: 3_204, energy_export_kwh: 0 });
    expect(table.total).toEqual({ energy_import_kwh: 24_225, energy_export_kwh: -1_750 });
    expect(netOf(table.total)).toBe(22_475);
  });

  it("shows a hole in every bar that it reaches into, and only for what was not read then", () => {
    const table = tableOf({ rows, holes: [hole] }, ELECTRICITY, week);
    expect(table.bars.map(({ holes }) => holes.length)).toEqual([0, 1, 1, 0, 0, 0, 0]);
    const gas = tableOf({ rows, holes: [hole] }, quantity("gas"), week);
    expect(gas.holes).toEqual([]);
    expect(gas.total).toEqual({ gas_m3: 7_000 });
  });

  it("keeps a hole that reaches out of the span, without an amount, unless a row within it is known", () => {
    const out = { from: "2026-11-22T12:00:00+01:00", to: "2026-11-24T12:00:00+01:00" };
    const some = rowsOf(week, (index) =>
      index === 0 ? { gas_m3: "1.000" } : { energy_import_kwh: "1.000" },
    );
    expect(tableOf({ rows: some, holes: [out] }, ELECTRICITY, week).holes).toHaveLength(1);
    expect(tableOf({ rows: some, holes: [out] }, quantity("gas"), week).holes).toEqual([]);
  });

  it("tells what is over, running, ended without data and yet to come", () => {
    const now = Date.parse("2026-11-26T12:00:00+01:00");
    const known = rows.slice(0, 4).map((row, index) => ({ ...row, complete: index < 2 }));
    const table = tableOf({ rows: known }, ELECTRICITY, { ...week, now });
    expect(table.bars.map(({ state }) => state)).toEqual([
      "whole",
      "whole",
      "partial",
      "running",
      "future",
      "future",
      "future",
    ]);
    expect(table.bars[4]?.known).toBe(false);
    expect(table.bars[4]?.amounts).toEqual({});
  });

  it("marks where another meter begins, on the bars of what it counts", () => {
    const changes = [{ at: "2026-11-25T10:00:00+01:00", kind: "electricity", meter_id: "E2" }];
    const table = tableOf({ rows, changes }, ELECTRICITY, week);
    expect(table.bars[2]?.changes).toEqual([
      { at: Date.parse(changes[0]?.at ?? ""), kind: "electricity", meter: "E2" },
    ]);
    expect(tableOf({ rows, changes }, quantity("gas"), week).bars[2]?.changes).toEqual([]);
  });

  it("reads money exactly, by its parts", () => {
    const cost = { electricity_import: 1.23, electricity_export: -0.31, fixed: 0.2384, total: 1.1584 };
    const table = tableOf({ rows: rowsOf(week, () => ({ cost })) }, quantity("cost"), week);
    expect(netOf(table.total)).toBe(7 * 1_158_400);
    expect(table.bars[0]?.amounts.electricity_export).toBe(-310_000);
  });

  it("never cuts a digit of heat", () => {
    const table = tableOf({ rows: rowsOf(week, () => ({ heat_gj: "0.001001" })) }, quantity("heat"), week);
    expect(table.total).toEqual({ heat_gj: 7_007 });
  });
});

describe("the comparison", () => {
  const month = layout("month", "day", "2026-03-10");
  const before = layout("month", "day", "2026-02-10");
  const compared = { rows: rowsOf(before, () => ({ gas_m3: "2.000" })) };
  const answer: UsageAnswer = { rows: rowsOf(month, () => ({ gas_m3: "1.000" })), compared };

  it("lays each day beside the same day of the other month, and leaves alone those that have none", () => {
    const { bars, comparison } = tableOf(answer, quantity("gas"), month);
    expect(bars[27]?.before).toEqual({ gas_m3: 2_000 });
    expect(bars[28]?.before).toBeUndefined();
    expect(comparison).toEqual({ now: { gas_m3: 31_000 }, before: { gas_m3: 56_000 }, partly: false });
  });

  it("is of the same days alone while the month is running", () => {
    const now = Date.parse("2026-03-11T12:00:00+01:00");
    const running = {
      ...answer,
      rows: answer.rows.slice(0, 11).map((row, index) => ({ ...row, complete: index < 10 })),
    };
    const { comparison } = tableOf(running, quantity("gas"), { ...month, now });
    expect(comparison).toEqual({ now: { gas_m3: 10_000 }, before: { gas_m3: 20_000 }, partly: true });
  });

  it("is told in words", () => {
    const labels = new Labels(new Format("en", "en-GB", ZONE));
    const view = viewOf({ what: "gas" });
    const told = (now: number, then: number, partly = false) =>
      deltaText(now, then, view, labels, { now: {}, before: {}, partly }, "2025");
    expect(told(900, 1_000)).toBe("10% less than 2025 (0.1 m³)");
    expect(told(1_500, 1_000, true)).toBe("50% more than the same part of 2025 (0.5 m³)");
    expect(told(1_000, 1_000)).toBe("As much as 2025");
    expect(told(1_000, 0)).toBe("1.0 m³ more than 2025");
  });
});

describe("the address", () => {
  it("says only what is unusual, and reads back what it says", () => {
    expect(queryOf(viewOf({}))).toEqual({});
    const query = { what: "gas", span: "year", per: "day", at: "2024-02-29", compare: "year", view: "table" };
    expect(queryOf(viewOf(query))).toEqual(query);
  });

  it("falls back to the usual where it asks for what there is not", () => {
    const view = viewOf({ what: "beer", span: "century", per: "quarter", at: "2023-02-29", compare: "x" });
    expect(queryOf(view)).toEqual({});
  });

  it("asks for days of the home, costs and comparison only where they are shown", () => {
    expect(usageQuery(viewOf({ span: "year" }), day("2026-11-26"))).toEqual({
      per: "month",
      from: "2026-01-01",
      to: "2027-01-01",
    });
    const cost = usageQuery(
      viewOf({ what: "cost", compare: "previous", at: "2026-02-03" }),
      day("2026-11-26"),
    );
    expect(cost).toEqual({
      per: "day",
      from: "2026-02-01",
      to: "2026-03-01",
      cost: "true",
      compare: "previous",
    });
  });

  it("goes from years to quarters and back", () => {
    let view = viewOf({ span: "years" });
    const way = [];
    for (let next = inward(view, day("2026-11-26")); next; next = inward(view, day("2026-11-26"))) {
      view = next;
      way.push(`${view.span}/${view.unit}`);
    }
    expect(way).toEqual(["year/month", "month/day", "day/hour", "day/quarter"]);
    for (let next = outward(view, day("2026-11-26")); next; next = outward(view, day("2026-11-26")))
      view = next;
    expect(queryOf(view)).toEqual({ span: "years" });
  });

  it("offers what there is, what is chosen, and the cost", () => {
    expect(available(new Set(["energy_import_kwh", "heat_gj"]), "electricity")).toEqual([
      "electricity",
      "heat",
      "cost",
    ]);
    expect(available(new Set(), "water")).toEqual(["water", "cost"]);
  });
});

describe("the drawing", () => {
  it("has a scale of round steps that holds zero and both ends", () => {
    expect(scaleFor(-13_200, 43_000, 6, 10)).toEqual({
      low: -20_000,
      high: 50_000,
      ticks: [-20_000, -10_000, 0, 10_000, 20_000, 30_000, 40_000, 50_000],
    });
    for (const [low, high] of [
      [0, 0],
      [0, 1],
      [-5, 0],
      [0, 123_456_789],
    ] as const) {
      const scale = scaleFor(low, high, 5, 1);
      expect(scale.low).toBeLessThanOrEqual(low);
      expect(scale.high).toBeGreaterThanOrEqual(high);
      expect(scale.ticks).toContain(0);
      expect(scale.ticks.length).toBeLessThan(9);
    }
  });

  it("keeps 366 bars apart on the pixels of the screen", () => {
    const scale = scaleFor(0, 10, 5, 1);
    const canvas = { width: 1100, height: 300, scale, count: 366, snap: snapTo(1) };
    let end = -1;
    for (let index = 0; index < 366; index += 1) {
      const [left, right] = edgesOf(canvas, index);
      expect(Number.isInteger(left) && Number.isInteger(right)).toBe(true);
      expect(right).toBeGreaterThan(left);
      expect(left).toBeGreaterThanOrEqual(end);
      end = right;
    }
  });

  it("stacks parts that count the same way, and draws nothing for nothing", () => {
    const canvas = { width: 100, height: 100, scale: scaleFor(-50, 50, 2, 1), count: 1, snap: snapTo(1) };
    const stack: Amounts = { a: 10, b: 20, c: -30, d: 0 };
    const names = ["a", "b", "c", "d"];
    expect(stackPath(canvas, [stack], names, "a")).toBe("M14 50V40H86V50Z");
    expect(stackPath(canvas, [stack], names, "b")).toMatch(/^M14 40V22Q14 20/);
    expect(stackPath(canvas, [stack], names, "c")).toMatch(/^M14 50V78Q14 80/);
    expect(stackPath(canvas, [stack, undefined], names, "d")).toBe("");
    expect(extentOf([{ amounts: stack } as never])).toEqual([-30, 30]);
  });

  it("labels as many bars as fit", () => {
    expect(labelEvery(31, 330, 22)).toBe(3);
    expect(labelEvery(31, 1100, 22)).toBe(1);
    expect(labelEvery(24, 330, 30, [1, 2, 3, 6])).toBe(3);
  });
});

describe("the words", () => {
  const labels = new Labels(new Format("nl", "nl-NL", ZONE));
  const title = (query: Record<string, string>) => labels.title(viewOf(query), day(query.at ?? ""));

  it("name what is in sight", () => {
    expect(title({ span: "day", at: "2026-11-26" })).toBe("donderdag 26 november 2026");
    expect(title({ at: "2026-11-26" })).toBe("november 2026");
    expect(title({ span: "year", per: "week", at: "2027-01-02" })).toBe("2026");
    expect(title({ span: "years", at: "2026-11-26" })).toBe("2017–2026");
    expect(title({ span: "week", at: "2026-11-26" })).toMatch(/^Week 48 · 23.29 nov 2026$/);
  });

  it("name what it is compared with", () => {
    const compared = (query: Record<string, string>) =>
      labels.comparedTitle(viewOf(query), day(query.at ?? ""));
    expect(compared({ at: "2026-01-31", compare: "previous" })).toBe("december 2025");
    expect(compared({ at: "2026-01-31", compare: "year" })).toBe("januari 2025");
    expect(compared({ span: "day", at: "2024-02-29", compare: "year" })).toBe("dinsdag 28 februari 2023");
  });

  it("tell a bar whole, with its holes", () => {
    const week = layout("week", "day", "2026-11-26");
    const hole = { from: "2026-11-24T10:00:00+01:00", to: "2026-11-25T09:00:00+01:00", gas_m3: "3.204" };
    const rows = rowsOf(week, () => ({ gas_m3: "1.000" }));
    const table = tableOf({ rows, holes: [hole] }, quantity("gas"), week);
    const view = viewOf({ what: "gas", span: "week" });
    const [monday, tuesday] = table.bars;
    if (!monday || !tuesday) throw new Error("no bars");
    expect(barText(monday, view, labels, table)).toBe("maandag 23 november, 1,000 m³");
    expect(barText(tuesday, view, labels, table)).toContain("gat 24 nov, 10:00 – 25 nov, 09:00: 3,204 m³");
  });

  it("label the axis by months where the bars are the days of a year", () => {
    const { slots } = layout("year", "day", "2026-01-01");
    const texts = labels.axis(slots, viewOf({ span: "year", per: "day" }), 1000).map(({ text }) => text);
    expect(texts).toHaveLength(12);
    expect(texts[0]).toBe("jan");
  });

  it("label the doubled hour of October twice, and skip the lost one of March", () => {
    const axis = (at: string) =>
      labels.axis(layout("day", "hour", at).slots, viewOf({ span: "day" }), 2000).map(({ text }) => text);
    expect(axis("2026-10-25").filter((text) => text === "2")).toHaveLength(2);
    expect(axis("2026-03-29")).not.toContain("2");
    expect(isoDay(day("2026-03-29"))).toBe("2026-03-29");
  });
});
