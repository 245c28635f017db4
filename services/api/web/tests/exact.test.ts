import { describe, expect, it } from "vitest";
import { decimals, parseExact, scaled } from "../src/api/exact";

describe("exact numbers", () => {
  it("keep the zeros that a float forgets", () => {
    expect(parseExact('{"energy_import_t1_kwh":4713.480,"voltage_l1_v":231.0,"current_l1_a":2}')).toEqual({
      energy_import_t1_kwh: "4713.480",
      voltage_l1_v: "231.0",
      current_l1_a: "2",
    });
  });

  it("leave power, times and texts alone, even a text that looks like a register", () => {
    const wire = {
      power_import_w: 424,
      tariff: 2,
      text: '"gas_m3":1.5,',
      measured_at: "2026-01-01T00:00:00Z",
    };
    expect(parseExact(JSON.stringify(wire))).toEqual(wire);
  });

  it("are kept inside lists, with spaces and with a sign", () => {
    expect(parseExact('{"mbus": [{"value": 12.340, "channel": 1}], "total": {"gas_m3": -0.010}}')).toEqual({
      mbus: [{ value: "12.340", channel: 1 }],
      total: { gas_m3: "-0.010" },
    });
  });

  it("become integers without rounding", () => {
    expect(scaled("4713.482")).toBe(4713482);
    expect(scaled("999999.999")).toBe(999999999);
    expect(scaled("0.1")).toBe(100);
    expect(scaled("12")).toBe(12000);
    expect(scaled("-0.010")).toBe(-10);
    expect(decimals("12.340")).toBe(3);
    expect(decimals("12")).toBe(0);
  });
});
