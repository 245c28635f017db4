import { decimals, type Exact } from "../api/exact";
import { exactOf, type Mbus, numberOf, type Reading, tariffRegisters } from "../api/reading";
import type { Format } from "../format/format";

interface Register {
  key: string;
  label: string;
  note?: string;
  value: Exact;
  unit: string;
}

const UNITS: Record<string, string> = { m3: "m³" };

/** Every register digit by digit, as it stands on the meter. */
export function Registers({ reading, now, format }: { reading: Reading; now: number; format: Format }) {
  const registers = [
    ...electricity(reading, "import", format),
    ...electricity(reading, "export", format),
    ...(reading.mbus ?? []).flatMap((device) => mbus(device, now, format)),
  ];
  if (registers.length === 0) return null;
  return (
    <section class="panel registers" aria-labelledby="registers">
      <header>
        <h2 id="registers" class="caption">
          {format.text("registers")}
        </h2>
        {reading.meter_id && (
          <p class="aside">
            {format.text("meter")} {reading.meter_id}
          </p>
        )}
      </header>
      <dl class="dials">
        {registers.map((register) => (
          <div key={register.key} data-testid={`register-${register.key}`}>
            <dt>
              {register.label} {register.note && <span class="note">{register.note}</span>}
            </dt>
            <dd>
              <Dial value={register.value} />
              <span class="unseen">{format.exact(register.value)}</span>
              <span class="unit"> {register.unit}</span>
            </dd>
          </div>
        ))}
      </dl>
    </section>
  );
}

function electricity(reading: Reading, way: "import" | "export", format: Format): Register[] {
  const label = format.text(`registers.${way}`);
  const tariffs = tariffRegisters(reading, way);
  const total = exactOf(reading, `energy_${way}_kwh`);
  if (tariffs.length === 0 || (tariffs.length === 1 && total !== undefined)) {
    return total === undefined ? [] : [{ key: way, label, value: total, unit: "kWh" }];
  }
  const running = numberOf(reading, "tariff");
  return tariffs.map(({ tariff, value }) => {
    const now = tariff === running ? ` · ${format.text("registers.now")}` : "";
    const note = `${format.text("registers.tariff", { tariff })}${now}`;
    return { key: `${way}-t${tariff}`, label, note, value, unit: "kWh" };
  });
}

function mbus(device: Mbus, now: number, format: Format): Register[] {
  if (device.value === undefined) return [];
  const at = Date.parse(device.measured_at ?? "");
  const unit = device.unit ?? "";
  return [
    {
      key: `${device.kind}-${device.channel}`,
      label: format.kind(device.kind),
      value: device.value,
      unit: UNITS[unit] ?? unit,
      ...(Number.isNaN(at) ? {} : { note: format.text("registers.at", { time: format.clock(at, now) }) }),
    },
  ];
}

/** The counter's wheels: leading zeros pale, digits behind the point in their own field. */
function Dial({ value }: { value: Exact }) {
  const [whole = "", fraction = ""] = value.split(".");
  const padded = whole.padStart(decimals(value) > 0 ? 6 : 5, "0");
  const lead = Math.min(padded.search(/[1-9]|.$/), padded.length - 1);
  return (
    <span class="dial" aria-hidden="true">
      <span class="pale">{padded.slice(0, lead)}</span>
      {padded.slice(lead)}
      {fraction && <span class="fraction">{fraction}</span>}
    </span>
  );
}
