import { describe, expect, it } from "vitest";
import { Format } from "../src/format/format";
import { eventText } from "../src/meter/event-text";

const nl = new Format("nl", "nl-NL", "Europe/Amsterdam");
const told = (kind: string, detail = {}) =>
  eventText({ kind, at: "2026-03-29T12:00:00Z", text: "In English.", detail }, nl);

describe("an event", () => {
  it("is told in the reader's language from its kind and detail", () => {
    expect(told("power_failure", { duration_s: 2460 })).toBe("De stroom was 41 min weg.");
    expect(told("power_failure", { count: 2 })).toBe("Korte storingen: 2");
    expect(told("voltage_sag", { l1: 1, l3: 2 })).toBe("1 op L1 · 2 op L3");
    expect(told("tariff_switch", { tariff: 2 })).toBe("Vanaf nu tarief 2");
    expect(told("meter_replaced", { previous: "A", current: "B" })).toBe("A is vervangen door B.");
    expect(told("meter_replaced", { meter_kind: "gas" })).toBe("Gas: De tellers begonnen opnieuw.");
    expect(told("gap", { duration_s: 90 })).toBe("Er kwam 1 min en 30 sec lang niets.");
    expect(told("message", { message: "Onderhoud" })).toBe("“Onderhoud”");
  });

  it("keeps the service's sentence where it is of a new kind or lacks its detail", () => {
    expect(told("something_new")).toBe("In English.");
    expect(told("power_failure")).toBe("In English.");
  });
});
