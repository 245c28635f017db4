import { describe, expect, it } from "vitest";
import { netPower, type Reading, tariffRegisters, timeOf } from "../src/api/reading";

const reading = (values: Record<string, unknown>): Reading => ({ gateway: "home", ...values });

describe("a reading", () => {
  it("has its net power from import and export", () => {
    expect(netPower(reading({ power_import_w: 424, power_export_w: 0 }))).toBe(424);
    expect(netPower(reading({ power_import_w: 0, power_export_w: 1200 }))).toBe(-1200);
  });

  it("has its net power from the phases where the meter gives no sum", () => {
    expect(netPower(reading({ power_import_l1_w: 100, power_export_l2_w: 30 }))).toBe(70);
  });

  it("has no power where the meter tells none, not zero", () => {
    expect(netPower(reading({ energy_import_kwh: "1.000" }))).toBeUndefined();
    expect(netPower(reading({ power_import_w: 5 }), "l1")).toBeUndefined();
  });

  it("lists only the tariffs that the meter counts", () => {
    const tariffs = tariffRegisters(reading({ energy_import_t2_kwh: "2.500" }), "import");
    expect(tariffs).toEqual([{ tariff: 2, value: "2.500" }]);
  });

  it("stands at the meter's time, at the receive time where there is none", () => {
    expect(
      timeOf(reading({ measured_at: "2026-01-01T00:00:01Z", received_at: "2026-01-01T00:00:02Z" })),
    ).toBe(Date.UTC(2026, 0, 1, 0, 0, 1));
    expect(timeOf(reading({ received_at: "2026-01-01T00:00:02Z" }))).toBe(Date.UTC(2026, 0, 1, 0, 0, 2));
    expect(timeOf(reading({}))).toBeUndefined();
  });
});
