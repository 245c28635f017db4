import type { Format } from "../format/format";
import { momentOf } from "../live/day";
import type { TextKey } from "../texts/language";
import type { Catalogue, Entry } from "./catalogue";
import type { Checksum, DataLine, Telegram, TelegramLine } from "./telegram";

/** What a line of a telegram means, in words. */
export interface Explanation {
  title: string;
  /** What it says, one or more readable values. */
  values: string[];
  /** Where it is written, or why it is not known. */
  source: string;
  known: boolean;
}

/** Lines about the devices on the M-Bus; `n` is the channel (DSMR 5.0.2 P1 §6.12, e-MUCS-P1 2.1.1). */
const DEVICE_LINES: readonly [pattern: RegExp, key: TextKey][] = [
  [/^0-([1-9]):24\.1\.0$/, "line.device.type"],
  [/^0-([1-9]):96\.1\.[01]$/, "line.device.id"],
  [/^0-([1-9]):96\.1\.2$/, "line.device.ean"],
  [/^0-([1-9]):96\.1\.4$/, "line.device.version"],
  [/^0-([1-9]):24\.4\.0$/, "line.device.valve"],
  [/^0-([1-9]):24\.[23]\.\d$/, "line.device.reading"],
];
const DEVICE_STANDARD = "DSMR 5.0.2 P1 §6.12";

/** Device types of EN 13757-3 as P1 ports print them. */
const DEVICE_TYPES: Record<number, string> = {
  0: "other",
  2: "electricity",
  3: "gas",
  4: "heat",
  6: "hot_water",
  7: "water",
  8: "heat_cost",
  10: "cold",
  11: "cold",
  12: "heat",
  13: "heat_cold",
  21: "hot_water",
  22: "water",
};
const TYPE_LINE = /^0-([1-9]):24\.1\.0$/;
const TIME = /^\d{12}[SW]?$/;
const NUMBER = /^(-?\d+(?:\.\d+)?)(?:\*(\S+))?$/;
const OCTETS = /^(?:[0-9A-F]{2}){3,}$/i;
const LOG_CODE = /^[01]-0:(?:99[.:]97\.0|98\.1\.0)$/;
/** Texts whose characters could be taken for hex, but are meant as they stand. */
const AS_THEY_STAND = new Set(["version", "tariff", "status_word", "error_register", "firmware_checksum"]);

/** Explains the lines of one telegram. */
export class Explainer {
  private readonly kinds = new Map<string, string>();

  constructor(
    private readonly telegram: Telegram,
    private readonly catalogue: Catalogue,
    private readonly format: Format,
  ) {
    for (const line of telegram.lines) {
      const channel = line.kind === "data" ? TYPE_LINE.exec(line.code)?.[1] : undefined;
      if (channel && line.kind === "data")
        this.kinds.set(channel, DEVICE_TYPES[Number(line.groups[0])] ?? "unknown");
    }
  }

  explain(line: TelegramLine): Explanation | undefined {
    switch (line.kind) {
      case "blank":
        return undefined;
      case "head":
        return this.plain("line.head", [line.text.slice(1)], "IEC 62056-21");
      case "end":
        return this.end(this.telegram.checksum);
      case "data":
        return this.data(line);
      case "other":
        return { title: this.format.text("line.other"), values: [], source: "", known: false };
    }
  }

  private plain(key: TextKey, values: string[], source: string): Explanation {
    return { title: this.format.text(key), values, source, known: true };
  }

  private end({ verdict, stated, computed }: Checksum): Explanation {
    const sentence = this.format.text(`crc.${verdict}`, { stated, computed });
    return this.plain("line.end", [sentence], verdict === "absent" ? "" : "CRC-16/ARC, DSMR 5.0.2 P1 §6.2");
  }

  private data(line: DataLine): Explanation {
    const entries = this.catalogue.coded(line.code);
    const device = this.device(line, entries);
    if (device) return device;
    const entry = fitting(entries, line.groups);
    if (!entry) {
      const source = this.format.text("line.unknown");
      return { title: line.code, values: this.values(line, undefined), source, known: false };
    }
    const title = entry.label[this.format.code];
    return { title, values: this.values(line, entry), source: entry.standard, known: true };
  }

  private device(line: DataLine, entries: readonly Entry[]): Explanation | undefined {
    for (const [pattern, key] of DEVICE_LINES) {
      const channel = pattern.exec(line.code)?.[1];
      if (channel === undefined) continue;
      const kind = this.kinds.get(channel);
      const title = this.format.text(key, { channel, kind: this.format.kind(kind ?? "unknown") });
      const source = entries[0]?.standard ?? DEVICE_STANDARD;
      const type =
        key === "line.device.type" && line.groups[0] ? [this.format.kind(kind ?? "unknown")] : undefined;
      return { title, values: type ?? this.values(line, undefined), source, known: true };
    }
    return undefined;
  }

  private values(line: DataLine, entry: Entry | undefined): string[] {
    if (line.groups.every((group) => group === "")) return [this.format.text("line.empty")];
    if (LOG_CODE.test(line.code)) return this.log(line.groups);
    return line.groups.filter((group) => group !== "").map((group) => this.value(group, entry));
  }

  /** A log: how many entries, and each with its time and what belongs to it. */
  private log(groups: readonly string[]): string[] {
    const count = Number(groups[0] ?? 0);
    const told: string[] = [this.format.text("line.log", { count })];
    let entry: string[] = [];
    for (const group of groups.slice(1)) {
      if (/^\d+-\d+:/.test(group)) continue;
      const seconds = /^(\d+)\*s$/.exec(group)?.[1];
      entry.push(
        seconds === undefined ? this.value(group, undefined) : this.format.duration(Number(seconds)),
      );
      if (NUMBER.test(group) && !TIME.test(group)) {
        told.push(entry.join(" · "));
        entry = [];
      }
    }
    return told;
  }

  private value(group: string, entry: Entry | undefined): string {
    if (TIME.test(group)) return this.time(group);
    const [, number, unit] = NUMBER.exec(group) ?? [];
    if (number !== undefined && (unit !== undefined || (entry && entry.kind !== "text"))) {
      const shown = this.format.exact(number.replace(/^(-?)0+(?=\d)/, "$1"));
      return unit === undefined ? shown : `${shown} ${UNIT_SIGNS[unit] ?? unit}`;
    }
    const text = entry && AS_THEY_STAND.has(entry.name) ? undefined : octets(group);
    return text ?? group;
  }

  private time(group: string): string {
    const time = momentOf(group, this.format.zone);
    return time === undefined ? group : this.format.full(time);
  }
}

const UNIT_SIGNS: Record<string, string> = { m3: "m³", "m3/h": "m³/h", degC: "°C" };

/** Of the values that a code can stand for, the one in the unit that the line has. */
function fitting(entries: readonly Entry[], groups: readonly string[]): Entry | undefined {
  const unit = NUMBER.exec(groups.at(-1) ?? "")?.[2]
    ?.toLowerCase()
    .replace(/^k/, "");
  return entries.find((entry) => entry.unit.toLowerCase().replace(/^k/, "") === unit) ?? entries[0];
}

/** The text that hex digits spell, undefined where they spell none. */
export function octets(group: string): string | undefined {
  if (!OCTETS.test(group)) return undefined;
  const text = group.replace(/../g, (pair) => String.fromCharCode(Number.parseInt(pair, 16)));
  return /^[\x20-\x7e]+$/.test(text) ? text : undefined;
}
