import type { Reading } from "../api/reading";
import type { Format } from "../format/format";
import type { Against } from "../live/against";
import { type Amounts, amountsOf, type Counted } from "../live/today";

interface Line {
  name: Counted;
  unit: string;
  label: (format: Format) => string;
  way?: string;
  /** The kind of M-Bus device that counts it, which has a time of its own. */
  device?: string;
}

const LINES: readonly Line[] = [
  { name: "energy_import_kwh", unit: "kWh", label: (f) => f.text("today.import"), way: "import" },
  { name: "energy_export_kwh", unit: "kWh", label: (f) => f.text("today.export"), way: "export" },
  { name: "gas_m3", unit: "m³", label: (f) => f.kind("gas"), device: "gas" },
  { name: "water_m3", unit: "m³", label: (f) => f.kind("water"), device: "water" },
  { name: "hot_water_m3", unit: "m³", label: (f) => f.kind("hot_water"), device: "hot_water" },
  { name: "heat_gj", unit: "GJ", label: (f) => f.kind("heat"), device: "heat" },
  { name: "cold_gj", unit: "GJ", label: (f) => f.kind("cold"), device: "cold" },
];

/** So many lines are held free until the first reading, so that nothing jumps for most people. */
const USUAL = 3;

interface Props {
  amounts: Amounts | undefined;
  against: Against | undefined;
  reading: Reading | undefined;
  format: Format;
  now: number;
}

/** What the day has come to, to the watt-hour; only what the meter counts. */
export function TodayTotals({ amounts, against, reading, format, now }: Props) {
  const counted = reading && amountsOf(reading);
  const lines = counted ? LINES.filter(({ name }) => counted[name] !== undefined) : LINES.slice(0, USUAL);
  return (
    <section class="panel today" aria-labelledby="today">
      <header>
        <h2 id="today" class="caption">
          {format.text("today")}
        </h2>
        <p class="aside">{format.day(now)}</p>
      </header>
      <dl class="totals">
        {lines.map(({ name, unit, label, way, device }) => {
          const value = amounts?.[name] ?? (amounts ? 0 : undefined);
          const shown = value === undefined ? undefined : format.thousandths(value);
          return (
            <div key={name} data-way={way} data-testid={`today-${name}`}>
              <dt>{label(format)}</dt>
              <dd class="notes">
                <AgainstYesterday against={against} name={name} unit={unit} format={format} />
                <MeasuredAt reading={reading} device={device} now={now} format={format} />
              </dd>
              <dd class="amount">
                <span class="whole">{shown?.whole ?? "–"}</span>
                <span class="fraction">{shown?.fraction}</span>
                <span class="unit"> {unit}</span>
              </dd>
            </div>
          );
        })}
      </dl>
    </section>
  );
}

/** More or less than yesterday at the same time, in words. */
function AgainstYesterday({
  against,
  name,
  unit,
  format,
}: {
  against: Against | undefined;
  name: Counted;
  unit: string;
  format: Format;
}) {
  const more = against?.more[name];
  if (!against || more === undefined) return null;
  const key = more === 0 ? "today.same" : more > 0 ? "today.more" : "today.less";
  const amount = `${format.number(Math.abs(more) / 1000, 3)} ${unit}`;
  return (
    <span class="note" data-testid={`against-${name}`}>
      {format.text(key, { amount, time: format.minute(against.at) })}
    </span>
  );
}

/** When a device that speaks less often than the meter was last read. */
function MeasuredAt({
  reading,
  device,
  now,
  format,
}: {
  reading: Reading | undefined;
  device: string | undefined;
  now: number;
  format: Format;
}) {
  const measured = reading?.mbus?.find(({ kind }) => kind === device)?.measured_at;
  if (measured === undefined) return null;
  return (
    <span class="note">{format.text("today.read", { time: format.clock(Date.parse(measured), now) })}</span>
  );
}
