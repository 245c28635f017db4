import { describe, expect, it } from "vitest";
import { Format } from "../src/format/format";
import { Catalogue, type Entry } from "../src/meter/catalogue";
import { Explainer, octets } from "../src/meter/explain";
import { crc16, telegramOf } from "../src/meter/telegram";

const bytes = (text: string) => Uint8Array.from(text, (each) => each.charCodeAt(0));
const entry = (name: string, unit: string, kind: string, ...codes: string[]): Entry => ({
  name,
  unit,
  quantity: "",
  kind,
  label: { en: `${name} en`, nl: `${name} nl` },
  codes,
  standard: "a standard",
});
const CATALOGUE = new Catalogue([
  entry("measured_at", "", "time", "0-0:1.0.0"),
  entry("meter_id", "", "text", "0-0:96.1.1"),
  entry("version", "", "text", "1-3:0.2.8"),
  entry("power_import_w", "W", "gauge", "1-?:1.7.0"),
  entry("limiter_threshold_w", "W", "state", "0-0:17.0.0"),
  entry("limiter_threshold_a", "A", "state", "0-0:17.0.0"),
  entry("power_failures", "", "register", "0-0:96.7.21"),
  entry("power_failure_log", "", "log", "1-0:99.97.0"),
  entry("gas_m3", "m3", "register", "0-n:24.2.1"),
]);

/** What the line that begins with a code means, in English at Amsterdam. */
function explained(code: string, ...lines: string[]) {
  const telegram = telegramOf(bytes(["/MKT5\\2TEST", "", ...lines, "!"].join("\r\n")));
  const explainer = new Explainer(telegram, CATALOGUE, new Format("en", "en-GB", "Europe/Amsterdam"));
  const line = telegram.lines.find((each) => each.text.startsWith(code));
  return line && explainer.explain(line);
}

describe("a telegram", () => {
  it("has a CRC-16/ARC, whose check value is BB3D", () => {
    expect(crc16(bytes("123456789"))).toBe(0xbb3d);
  });

  it("says whether its checksum is right, wrong or absent", () => {
    const body = "/MKT5\\2TEST\r\n\r\n1-0:1.7.0(00.424*kW)\r\n!";
    const stated = crc16(bytes(body)).toString(16).toUpperCase().padStart(4, "0");
    expect(telegramOf(bytes(`${body}${stated}\r\n`)).checksum).toEqual({
      verdict: "good",
      stated,
      computed: stated,
    });
    expect(telegramOf(bytes(`${body}${stated.toLowerCase()}\r\n`)).checksum.verdict).toBe("good");
    expect(telegramOf(bytes(`${body.replace("424", "425")}${stated}\r\n`)).checksum.verdict).toBe("bad");
    expect(telegramOf(bytes(`${body}\r\n`)).checksum.verdict).toBe("absent");
  });

  it("is taken apart into lines and groups, a continued line being one", () => {
    const { lines } = telegramOf(
      bytes("/X\r\n\r\n0-1:24.3.0(090212160000)(00)(60)(1)(0-1:24.2.0)(m3)\r\n(00000.000)\r\n!"),
    );
    expect(lines.map(({ kind }) => kind)).toEqual(["head", "blank", "data", "end"]);
    expect(lines[2]).toMatchObject({
      code: "0-1:24.3.0",
      groups: ["090212160000", "00", "60", "1", "0-1:24.2.0", "m3", "00000.000"],
    });
  });
});

describe("the catalogue", () => {
  it("takes ? for 0 and 1, and n for an M-Bus channel", () => {
    expect(CATALOGUE.coded("1-1:1.7.0").map(({ name }) => name)).toEqual(["power_import_w"]);
    expect(CATALOGUE.coded("0-4:24.2.1").map(({ name }) => name)).toEqual(["gas_m3"]);
    expect(CATALOGUE.coded("1-2:1.7.0")).toEqual([]);
    expect(CATALOGUE.coded("1-0:1x7.0")).toEqual([]);
  });
});

describe("a line explained", () => {
  it("has the catalogue's name, its value with the unit of the line, and the standard", () => {
    expect(explained("1-0:1.7.0", "1-0:1.7.0(00.424*kW)")).toEqual({
      title: "power_import_w en",
      values: ["0.424 kW"],
      source: "a standard",
      known: true,
    });
  });

  it("is that of the value in the line's unit where a code has several", () => {
    expect(explained("0-0:17.0.0", "0-0:17.0.0(016*A)")?.title).toBe("limiter_threshold_a en");
    expect(explained("0-0:17.0.0", "0-0:17.0.0(16.1*kW)")?.title).toBe("limiter_threshold_w en");
  });

  it("shows a time as people read it, the doubled hour of October by its letter", () => {
    expect(explained("0-0:1.0.0", "0-0:1.0.0(260329143005S)")?.values).toEqual(["29 Mar 2026, 14:30:05"]);
    expect(explained("0-0:1.0.0", "0-0:1.0.0(632525252525W)")?.values).toEqual(["632525252525W"]);
  });

  it("spells out text that stands in hex, and leaves a version alone", () => {
    expect(explained("0-0:96.1.1", "0-0:96.1.1(4530303031)")?.values).toEqual(["E0001"]);
    expect(explained("1-3:0.2.8", "1-3:0.2.8(50)")?.values).toEqual(["50"]);
    expect(octets("00FF00FF")).toBeUndefined();
  });

  it("names the device of its channel", () => {
    const lines = ["0-2:24.1.0(003)", "0-2:24.2.1(260329143000S)(01745.902*m3)"];
    expect(explained("0-2:24.1.0", ...lines)?.values).toEqual(["Gas"]);
    const reading = explained("0-2:24.2.1", ...lines);
    expect(reading?.title).toBe("Reading of device 2, Gas");
    expect(reading?.values).toEqual(["29 Mar 2026, 14:30:00", "1,745.902 m³"]);
  });

  it("lists the entries of a log with their times and durations", () => {
    const line = "1-0:99.97.0(2)(0-0:96.7.19)(260101120000W)(0000005400*s)(260201130000W)(0000000240*s)";
    expect(explained("1-0:99.97.0", line)?.values).toEqual([
      "Entries: 2",
      "1 Jan 2026, 12:00:00 · 1 hr, 30 mins",
      "1 Feb 2026, 13:00:00 · 4 mins",
    ]);
  });

  it("says that the catalogue lacks a code, and that a group is empty", () => {
    expect(explained("9-9:9.9.9", "9-9:9.9.9(1)")).toMatchObject({ title: "9-9:9.9.9", known: false });
    expect(explained("0-0:96.7.21", "0-0:96.7.21()")?.values).toEqual(["Empty"]);
    expect(explained("nonsense", "nonsense")).toMatchObject({ known: false });
  });

  it("tells of the checksum at the end", () => {
    expect(explained("!", "1-0:1.7.0(00.424*kW)")?.values).toEqual(["This meter sends no checksum."]);
  });
});
