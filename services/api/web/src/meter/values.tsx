import type { Mbus, Reading } from "../api/reading";
import type { Format } from "../format/format";
import type { TextKey } from "../texts/language";
import type { Catalogue, Entry } from "./catalogue";
import type { Telegram } from "./telegram";

interface Props {
  reading: Reading;
  telegram: Telegram | undefined;
  catalogue: Catalogue | undefined;
  format: Format;
}

interface Row {
  key: string;
  label: string;
  name: string;
  value: string;
  unit: string;
  code: string;
}

/** Kinds of the catalogue, in the order in which they are shown. */
const GROUPS: readonly [kind: string, title: TextKey][] = [
  ["gauge", "values.gauge"],
  ["register", "values.register"],
  ["state", "values.state"],
  ["text", "values.text"],
];
const UNITS: Record<string, string> = { m3: "m³" };
const TIMES: readonly string[] = ["measured_at", "received_at"];

/** Every value of the last reading with its name, code and unit. */
export function Values({ reading, telegram, catalogue, format }: Props) {
  const codes = catalogue && telegram ? codesOf(telegram, catalogue) : new Map<string, string>();
  const rows = new Map<string, Row[]>(GROUPS.map(([kind]) => [kind, []]));
  for (const entry of catalogue?.entries ?? []) {
    const value = reading[entry.name];
    if (value === undefined || typeof value === "object") continue;
    const row = rowOf(entry.name, value, entry, codes.get(entry.name), format);
    rows.get(rows.has(entry.kind) ? entry.kind : "text")?.push(row);
  }
  if (catalogue && reading.received_at)
    rows.get("text")?.push(rowOf("received_at", reading.received_at, undefined, undefined, format));
  return (
    <section class="panel values" aria-labelledby="values">
      <h2 id="values" class="caption">
        {format.text("values")}
      </h2>
      <div class="groups">
        {GROUPS.map(([kind, title]) => (
          <ValueTable key={kind} title={format.text(title)} rows={rows.get(kind) ?? []} format={format} />
        ))}
        {reading.mbus?.map((device) => (
          <ValueTable
            key={device.channel}
            title={format.text("values.device", { channel: device.channel, kind: format.kind(device.kind) })}
            rows={deviceRows(device, format)}
            format={format}
          />
        ))}
        <ValueTable title={format.text("values.log")} rows={logRows(reading, format)} format={format} />
        <ValueTable title={format.text("values.other")} rows={otherRows(reading)} format={format} />
      </div>
      <Warnings reading={reading} format={format} />
    </section>
  );
}

function codesOf(telegram: Telegram, catalogue: Catalogue): Map<string, string> {
  const codes = new Map<string, string>();
  for (const line of telegram.lines) {
    if (line.kind !== "data") continue;
    for (const entry of catalogue.coded(line.code)) {
      if (!codes.has(entry.name)) codes.set(entry.name, line.code);
    }
  }
  return codes;
}

function rowOf(
  name: string,
  value: unknown,
  entry: Entry | undefined,
  code: string | undefined,
  format: Format,
): Row {
  const unit = entry?.unit ?? "";
  return {
    key: name,
    label: entry?.label[format.code] ?? format.text("values.received"),
    name,
    value: shown(name, value, entry, format),
    unit: UNITS[unit] ?? unit,
    code: code ?? entry?.codes[0] ?? "",
  };
}

function shown(name: string, value: unknown, entry: Entry | undefined, format: Format): string {
  if (TIMES.includes(name)) return format.full(Date.parse(String(value)));
  if (entry?.kind === "text" || !Number.isFinite(Number(value))) return String(value);
  return format.exact(String(value));
}

function deviceRows(device: Mbus, format: Format): Row[] {
  const { channel, kind: _, value, unit = "", measured_at, meter_id, ...rest } = device;
  const rows: Row[] = [];
  const add = (name: string, label: TextKey, told: string, sign = "") =>
    rows.push({ key: name, label: format.text(label), name, value: told, unit: sign, code: `0-${channel}` });
  if (value !== undefined) add("value", "values.device.value", format.exact(value), UNITS[unit] ?? unit);
  if (measured_at) add("measured_at", "values.device.at", format.full(Date.parse(measured_at)));
  if (meter_id) add("meter_id", "values.device.id", meter_id);
  const { extra, valve } = rest as { extra?: Record<string, unknown>; valve?: number };
  if (valve !== undefined) add("valve", "values.device.valve", String(valve));
  for (const [name, further] of Object.entries(extra ?? {})) {
    rows.push({
      key: name,
      label: name,
      name: `extra.${name}`,
      value: String(further),
      unit: "",
      code: `0-${channel}`,
    });
  }
  return rows;
}

function otherRows(reading: Reading): Row[] {
  const other = (reading.other ?? {}) as Record<string, string>;
  return Object.entries(other).map(([code, value]) => ({
    key: code,
    label: code,
    name: "",
    value,
    unit: "",
    code,
  }));
}

/** The long power failures and the peaks of the months, as far as the meter remembers them. */
function logRows(reading: Reading, format: Format): Row[] {
  const failures = (reading.power_failure_log ?? []) as readonly { ended_at: string; duration_s: number }[];
  const peaks = (reading.peak_history ?? []) as readonly {
    month_end: string;
    at?: string;
    power_w: number;
  }[];
  return [
    ...failures.map(({ ended_at, duration_s }) => ({
      key: `failure ${ended_at}`,
      label: format.text("values.failure", { time: format.full(Date.parse(ended_at)) }),
      name: "power_failure_log",
      value: format.duration(duration_s),
      unit: "",
      code: "1-0:99.97.0",
    })),
    ...peaks.map(({ month_end, at, power_w }) => ({
      key: `peak ${month_end}`,
      label: format.text("values.peak", { time: format.full(Date.parse(at ?? month_end)) }),
      name: "peak_history",
      value: format.number(power_w),
      unit: "W",
      code: "0-0:98.1.0",
    })),
  ];
}

function ValueTable({ title, rows, format }: { title: string; rows: readonly Row[]; format: Format }) {
  if (rows.length === 0) return null;
  const units = rows.some(({ unit }) => unit !== "");
  return (
    <table>
      <caption>{title}</caption>
      <thead class="unseen">
        <tr>
          <th scope="col">{format.text("values.name")}</th>
          <th scope="col">{format.text("values.value")}</th>
        </tr>
      </thead>
      <tbody>
        {rows.map(({ key, label, name, value, unit, code }) => (
          <tr key={key} data-testid={`value-${key}`}>
            <th scope="row">
              {label}
              <span class="note">{[code, name].filter(Boolean).join(" · ")}</span>
            </th>
            <td class={units ? "value figure" : "value"}>
              {value}
              {units && <span class="unit">{unit && ` ${unit}`}</span>}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function Warnings({ reading, format }: { reading: Reading; format: Format }) {
  const warnings = (reading.warnings ?? []) as readonly string[];
  if (warnings.length === 0) return null;
  return (
    <div class="warnings">
      <h3>{format.text("values.warnings")}</h3>
      <ul lang="en">
        {warnings.map((warning) => (
          <li key={warning}>{warning}</li>
        ))}
      </ul>
    </div>
  );
}
