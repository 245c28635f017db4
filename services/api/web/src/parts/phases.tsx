import { exactOf, netPower, PHASES, type Reading } from "../api/reading";
import type { Format } from "../format/format";

/** Power, voltage and current of each phase, as far as the meter tells them. */
export function Phases({ reading, format }: { reading: Reading; format: Format }) {
  const rows = PHASES.map((phase) => ({
    phase,
    power: netPower(reading, phase),
    voltage: exactOf(reading, `voltage_${phase}_v`),
    current: exactOf(reading, `current_${phase}_a`),
  })).filter(({ power, voltage, current }) => (power ?? voltage ?? current) !== undefined);
  if (rows.length === 0) return null;
  const has = {
    power: rows.some(({ power }) => power !== undefined),
    voltage: rows.some(({ voltage }) => voltage !== undefined),
    current: rows.some(({ current }) => current !== undefined),
  };
  const scale = Math.max(1000, ...rows.map(({ power }) => Math.abs(power ?? 0)));
  return (
    <section class="panel phases" aria-labelledby="phases">
      <h2 id="phases" class="caption">
        {format.text("phases")}
      </h2>
      <table>
        <thead>
          <tr>
            <th scope="col">
              <span class="unseen">{format.text("phase")}</span>
            </th>
            {has.power && <th scope="col">{format.text("power")}</th>}
            {has.voltage && <th scope="col">{format.text("voltage")}</th>}
            {has.current && <th scope="col">{format.text("current")}</th>}
          </tr>
        </thead>
        <tbody>
          {rows.map(({ phase, power, voltage, current }) => (
            <tr key={phase} data-way={(power ?? 0) < 0 ? "export" : "import"} data-testid={`phase-${phase}`}>
              <th scope="row">{phase.toUpperCase()}</th>
              {has.power && (
                <td class="main">
                  {power === undefined ? "–" : `${format.number(power)} W`}
                  <Bar share={(power ?? 0) / scale} />
                </td>
              )}
              {has.voltage && <td>{voltage === undefined ? "–" : `${format.exact(voltage)} V`}</td>}
              {has.current && <td>{current === undefined ? "–" : `${format.exact(current)} A`}</td>}
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

function Bar({ share }: { share: number }) {
  return (
    <svg class="bar" aria-hidden="true">
      <rect class="rail" width="100%" height="100%" />
      <rect class="fill" width={`${Math.abs(share) * 100}%`} height="100%" />
    </svg>
  );
}
