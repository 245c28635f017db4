import { describe, expect, it } from "vitest";
import { Format } from "../src/format/format";
import { yRange } from "../src/parts/scale";

const nl = new Format("nl", "nl-NL", "Europe/Amsterdam");
const en = new Format("en", "en-GB", "Europe/Amsterdam");

describe("numbers and times", () => {
  it("follow the locale", () => {
    expect(nl.number(11240)).toBe("11.240");
    expect(en.number(11240)).toBe("11,240");
    expect(nl.number(-350)).toBe("−350");
  });

  it("show an exact value with its own digits, no more and no fewer", () => {
    expect(nl.exact("4713.480")).toBe("4.713,480");
    expect(en.exact("231.0")).toBe("231.0");
    expect(en.exact("2")).toBe("2");
  });

  it("take watt-hours apart at the point", () => {
    expect(nl.thousandths(12_345_678)).toEqual({ whole: "12.345", fraction: ",678" });
    expect(en.thousandths(7)).toEqual({ whole: "0", fraction: ".007" });
  });

  it("are told in the home's time zone", () => {
    const noon = Date.parse("2026-06-10T10:00:00Z");
    expect(nl.minute(noon)).toBe("12:00");
    expect(nl.hour(Date.parse("2026-06-09T22:00:00Z"))).toBe("0");
    expect(nl.clock(noon, noon + 1000)).toBe("12:00:00");
    expect(nl.clock(noon, noon + 86_400_000)).toBe("10-06-2026 12:00:00");
  });

  it("call an unheard-of device unknown", () => {
    expect(nl.kind("gas")).toBe("Gas");
    expect(nl.kind("plasma")).toBe("Onbekend");
  });

  it("name what a gateway counts, unknown ones as it calls them", () => {
    expect([nl.counter("crc_errors"), nl.counter("broken_cables")]).toEqual(["CRC-fouten", "broken cables"]);
  });
});

describe("the curve's height", () => {
  it("always has zero in sight", () => {
    expect(yRange(300, 500)[0]).toBe(0);
    expect(yRange(-500, -300)[1]).toBeGreaterThan(0);
    expect(yRange(-500, 300)).toEqual([-596, 396]);
    expect(yRange(null, null)).toEqual([0, 60]);
  });
});
