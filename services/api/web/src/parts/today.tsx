import type { Reading } from "../api/reading";
import type { Format } from "../format/format";
import { type Amounts, amountsOf, type Counted } from "../live/today";

const LINES: readonly { name: Counted; unit: string; label: (format: Format) => string; way?: string }[] = [
  { name: "energy_import_kwh", unit: "kWh", label: (f) => f.text("today.import"), way: "import" },
  { name: "energy_export_kwh", unit: "kWh", label: (f) => f.text("today.export"), way: "export" },
  { name: "gas_m3", unit: "m³", label: (f) => f.kind("gas") },
  { name: "water_m3", unit: "m³", label: (f) => f.kind("water") },
  { name: "hot_water_m3", unit: "m³", label: (f) => f.kind("hot_water") },
  { name: "heat_gj", unit: "GJ", label: (f) => f.kind("heat") },
  { name: "cold_gj", unit: "GJ", label: (f) => f.kind("cold") },
];

/** So many lines are held free until the first reading, so that nothing jumps for most people. */
const USUAL = 3;

interface Props {
  amounts: Amounts | undefined;
  reading: Reading | undefined;
  format: Format;
  now: number;
}

/** What the day has come to, to the watt-hour; only what the meter counts. */
export function TodayTotals({ amounts, reading, format, now }: Props) {
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
        {lines.map(({ name, unit, label, way }) => {
          const value = amounts?.[name] ?? (amounts ? 0 : undefined);
          const shown = value === undefined ? undefined : format.thousandths(value);
          return (
            <div key={name} data-way={way} data-testid={`today-${name}`}>
              <dt>{label(format)}</dt>
              <dd>
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
