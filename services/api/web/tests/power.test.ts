import { describe, expect, it } from "vitest";
import { Format } from "../src/format/format";
import { TimeWords, valueRange, valueTick } from "../src/power/axis";
import { type Curve, composed, curveOf, gapOf, grown, summary } from "../src/power/curve";
import {
  between,
  binsFor,
  edges,
  PRESETS,
  panned,
  rangeOf,
  rangeQuery,
  widened,
  zoomed,
} from "../src/power/range";
import { fieldsOf, linesIn, SHOWS, showsOf } from "../src/power/show";

const NOW = Date.parse("2026-11-26T12:00:00Z");
const DAY = 86_400_000;
const HOUR = 3_600_000;

describe("a range", () => {
  it("stands in the address and comes back from it", () => {
    for (const [, width] of PRESETS) expect(rangeOf(rangeQuery({ width }))).toEqual({ width });
    const fixed = { width: 3 * HOUR, end: NOW - DAY };
    expect(rangeOf(rangeQuery(fixed))).toEqual(fixed);
    expect(rangeOf(rangeQuery({ width: 77 * 60_000 }))).toEqual({ width: 77 * 60_000 });
    expect(rangeOf({ from: "nonsense", to: "2026-01-01", span: "9z" })).toEqual({ width: DAY });
  });

  it("zooms around the point that it is done at", () => {
    const range = { width: 8 * HOUR, end: NOW - DAY };
    const [from] = edges(range, NOW);
    const near = zoomed(range, NOW, 0.5, 0.25);
    expect(near.width).toBe(4 * HOUR);
    expect(edges(near, NOW)[0] + near.width * 0.25).toBe(from + range.width * 0.25);
    expect(zoomed(near, NOW, 2, 0.25)).toEqual(range);
  });

  it("goes on with now where it ends there, and does not go beyond", () => {
    expect(zoomed({ width: DAY }, NOW, 0.5, 1)).toEqual({ width: DAY / 2 });
    expect(panned({ width: DAY }, NOW, 0.5)).toEqual({ width: DAY });
    expect(panned({ width: DAY, end: NOW - HOUR }, NOW, 1)).toEqual({ width: DAY });
    expect(panned({ width: DAY }, NOW, -1)).toEqual({ width: DAY, end: NOW - DAY });
    expect(widened({ width: DAY }, NOW, HOUR)).toEqual({ width: HOUR });
    expect(widened({ width: DAY, end: NOW - DAY }, NOW, HOUR)).toEqual({
      width: HOUR,
      end: NOW - 1.5 * DAY + HOUR / 2,
    });
  });

  it("is never shorter than ten minutes nor longer than ten years", () => {
    expect(zoomed({ width: HOUR, end: NOW - DAY }, NOW, 1e-6, 0.5).width).toBe(600_000);
    expect(zoomed({ width: HOUR }, NOW, 1e9, 1).width).toBe(3653 * DAY);
    expect(between(NOW - DAY, NOW - DAY + 1000, NOW).width).toBe(600_000);
  });

  it("is chosen by two points in any order", () => {
    expect(between(NOW - HOUR, NOW - 3 * HOUR, NOW)).toEqual({ width: 2 * HOUR, end: NOW - HOUR });
  });

  it("asks for whole bins that stay where they are as time goes on, 2,000 at the most", () => {
    for (const [, width] of PRESETS)
      for (const pixels of [300, 1100, 4000]) {
        const bins = binsFor([NOW - width, NOW], pixels);
        const bin = (bins.to - bins.from) / bins.points;
        expect(bins.points).toBeLessThanOrEqual(2000);
        expect(bins.points).toBeGreaterThan(50);
        expect(bins.from % bin).toBe(0);
        expect(bins.from).toBeLessThanOrEqual(NOW - width);
        expect(bins.to).toBeGreaterThanOrEqual(NOW);
        const next = binsFor([NOW + 1000 - width, NOW + 1000], pixels);
        expect((next.from - bins.from) % bin).toBe(0);
      }
  });
});

const spread = (values: (number | null)[]) => ({ min: values, mean: values, max: values });

describe("a curve", () => {
  it("is import less export, export below zero, with what lies between the lowest and the highest", () => {
    const { lines } = curveOf(
      {
        times: [0, 900, 1800],
        step_s: 900,
        fields: {
          power_import_w: { min: [100, 0, 0], mean: [200, 50, 0], max: [300, 400, 0] },
          power_export_w: { min: [0, 0, 500], mean: [0, 80, 900], max: [0, 600, 1500] },
        },
      },
      SHOWS.power,
    );
    expect(lines[0]).toEqual({ min: [100, -600, -1500], mean: [200, -30, -900], max: [300, 400, -500] });
  });

  it("leaves out bins that no reading fell in, and is broken where readings are missing", () => {
    const values = Array.from({ length: 60 }, (_, index) => (index % 10 === 0 && index !== 30 ? 5 : null));
    const answer = {
      times: values.map((_, index) => index),
      step_s: 1,
      fields: { power_import_w: spread(values) },
    };
    expect(curveOf(answer, SHOWS.power).lines[0]?.mean).toEqual([5, 5, 5, 5, 5]);
    const long = { ...answer, step_s: 5, times: values.map((_, index) => 5 * index) };
    expect(curveOf(long, SHOWS.power).lines[0]?.mean).toEqual([5, 5, 5, null, 5, 5]);
  });

  it("shows one missing quarter as a gap", () => {
    const values = [1, 2, null, 4, 5, 6, 7, 8, 9, 10, 11, 12];
    const curve = curveOf(
      {
        times: values.map((_, index) => index * 900),
        step_s: 900,
        fields: { power_import_w: spread(values) },
      },
      SHOWS.power,
    );
    expect(curve.lines[0]?.mean.slice(0, 5)).toEqual([1, 2, null, 4, 5]);
    expect(gapOf([0, 10, 20, 30, 40, 50], 1)).toBe(30);
  });

  const flat = (from: number, to: number, step: number, value: number): Curve => {
    const times = Array.from({ length: (to - from) / step }, (_, index) => from + (index + 0.5) * step);
    return { from, to, step, times, lines: [spread(times.map(() => value))] };
  };

  it("is made of the finer where that is known, and of the coarser around it", () => {
    const seen = composed([flat(40, 60, 1, 2), flat(0, 100, 10, 1)], 20, 80);
    expect(seen?.times).toEqual([...(seen?.times ?? [])].sort((one, other) => one - other));
    const at = (time: number) => seen?.lines[0]?.mean[seen.times.findIndex((each) => each >= time)];
    expect(at(25)).toBe(1);
    expect(at(45)).toBe(2);
    expect(at(75)).toBe(1);
    expect(composed([flat(0, 10, 1, 1)], 20, 30)).toBeUndefined();
    expect(composed([], 0, 1)).toBeUndefined();
  });

  it("grows by what comes in after its last bin, broken where nothing came", () => {
    const live = [5, 11, 12, 80].map((time) => ({ time, values: [time] }));
    const curve = grown(flat(0, 10, 1, 1), live);
    expect(curve?.times.slice(9)).toEqual([9.5, 11, 12, 46, 80]);
    expect(curve?.lines[0]?.mean.slice(9)).toEqual([1, 11, 12, null, 80]);
    expect(grown(undefined, [])).toBeUndefined();
  });

  it("is summed up by its lowest, mean and highest", () => {
    const curve = {
      ...flat(0, 4, 1, 0),
      lines: [{ min: [1, 2, null, 0], mean: [2, 4, null, 6], max: [3, 9, null, 8] }],
    };
    expect(summary(curve, 0, 0, 4)).toEqual({ min: 0, mean: 4, max: 9 });
    expect(summary(curve, 0, 2.1, 2.9)).toBeUndefined();
  });
});

describe("what is shown", () => {
  const reading = {
    gateway: "home",
    power_import_w: 300,
    power_export_w: 0,
    voltage_l1_v: "231.4",
    current_l1_a: "1",
    power_import_l1_w: 300,
  };

  it("is what the meter has, phase by phase", () => {
    expect(showsOf(reading)).toEqual(["power", "phases", "voltage", "current"]);
    expect(showsOf({ gateway: "home", power_import_w: 1 })).toEqual(["power"]);
    expect(linesIn(SHOWS.voltage, reading).lines.map(({ name }) => name)).toEqual(["l1"]);
    expect(fieldsOf(linesIn(SHOWS.phases, reading))).toEqual(["power_import_l1_w", "power_export_l1_w"]);
  });
});

describe("the axes", () => {
  const words = new TimeWords(new Format("en", "en-GB", "Europe/Amsterdam"));
  const at = (text: string) => Date.parse(text) / 1000;

  it("tell as much of a time as marks so far apart need, in the home's zone", () => {
    expect(words.tick(at("2026-11-26T12:00:00Z"), 3600)).toBe("13:00");
    expect(words.tick(at("2026-11-26T12:00:10Z"), 10)).toBe("13:00:10");
    expect(words.tick(at("2026-11-25T23:00:00Z"), 21_600)).toBe("26 Nov");
    expect(words.tick(at("2026-10-31T23:00:00Z"), 31 * 86_400)).toBe("Nov");
    expect(words.tick(at("2025-12-31T23:00:00Z"), 31 * 86_400)).toBe("2026");
  });

  it("tell watts, and kilowatts where they are many", () => {
    const format = new Format("en", "en-GB", "UTC");
    expect(valueTick(500, "W", 500, format)).toBe("500 W");
    expect(valueTick(-1500, "W", 500, format)).toBe("−1.5 kW");
    expect(valueTick(2000, "W", 1000, format)).toBe("2 kW");
    expect(valueTick(231.5, "V", 0.5, format)).toBe("231.5 V");
  });

  it("hold zero for power, and only what is seen for voltage", () => {
    expect(valueRange(100, 500, true)[0]).toBe(0);
    expect(valueRange(-100, 500, true)[0]).toBeLessThan(-100);
    expect(valueRange(228, 236, false)[0]).toBeGreaterThan(226);
    expect(valueRange(null, null, true)).toEqual([0, 100]);
  });
});
