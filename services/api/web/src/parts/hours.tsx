import { useState } from "preact/hooks";
import type { Reading } from "../api/reading";
import type { Format } from "../format/format";
import { amountsOf, type Counted, type Hour } from "../live/today";

/** What the bars can show: above the line, and for electricity also below it. */
const VIEWS = [
  { kind: "electricity", up: "energy_import_kwh", down: "energy_export_kwh", unit: "kWh" },
  { kind: "gas", up: "gas_m3", unit: "m³" },
  { kind: "water", up: "water_m3", unit: "m³" },
  { kind: "heat", up: "heat_gj", unit: "GJ" },
] as const satisfies readonly { kind: string; up: Counted; down?: Counted; unit: string }[];
type View = { kind: string; up: Counted; down?: Counted; unit: string };

interface Props {
  hours: readonly Hour[] | undefined;
  reading: Reading;
  now: number;
  format: Format;
}

/** Today's hours as bars; the one pointed at, or else the running one, is told in figures. */
export function HoursToday({ hours, reading, now, format }: Props) {
  const [kind, choose] = useState("electricity");
  const [pointed, point] = useState<number | undefined>(undefined);
  const all = hours ?? [];
  const counted = amountsOf(reading);
  const views = VIEWS.filter(({ up }) => counted[up] !== undefined);
  const view: View | undefined = views.find((each) => each.kind === kind) ?? views[0];
  if (!view) return null;
  const told = all[pointed ?? -1] ?? all.find(({ from, to }) => from <= now && now < to);
  return (
    <section class="panel hours" aria-labelledby="hours">
      <header>
        <h2 id="hours" class="caption">
          {format.text("hours")}
        </h2>
        {views.length > 1 && (
          <fieldset class="choice">
            <legend class="unseen">{format.text("hours")}</legend>
            {views.map((each) => (
              <button
                key={each.kind}
                type="button"
                aria-pressed={each.kind === view.kind}
                onClick={() => choose(each.kind)}
              >
                {each.kind === "electricity" ? format.text("hours.electricity") : format.kind(each.kind)}
              </button>
            ))}
          </fieldset>
        )}
      </header>
      <p class="told" aria-hidden="true" data-testid="hours-told">
        {told ? tell(told.to > now ? { ...told, hole: false } : told, view, format) : " "}
      </p>
      <Bars hours={all} view={view} now={now} told={told} onPoint={point} format={format} />
      <div class="ticks" aria-hidden="true">
        {all.map((hour, index) => (
          <span key={hour.from}>{index % 3 === 0 ? format.hour(hour.from) : ""}</span>
        ))}
      </div>
      <HoursTable hours={all} view={view} format={format} />
    </section>
  );
}

interface BarsProps {
  hours: readonly Hour[];
  view: View;
  now: number;
  told: Hour | undefined;
  onPoint: (index: number | undefined) => void;
  format: Format;
}

function Bars({ hours, view, now, told, onPoint, format }: BarsProps) {
  const highest = Math.max(...hours.map(({ amounts }) => amounts[view.up] ?? 0), 0);
  const lowest = view.down
    ? Math.max(...hours.map(({ amounts }) => amounts[view.down as Counted] ?? 0), 0)
    : 0;
  const top = Math.max(highest, view.kind === "electricity" ? 100 : 10);
  const zero = (top / (top + lowest)) * 100;
  const width = 100 / Math.max(hours.length, 1);
  const tall = (value: number) => (value / (top + lowest)) * 100;
  return (
    <div class="bars" aria-hidden="true" onPointerLeave={() => onPoint(undefined)}>
      <span class="mark">{mark(top, view, format)}</span>
      {lowest > 0 && <span class="mark low">{mark(lowest, view, format)}</span>}
      <svg class="plot" aria-hidden="true">
        <line x1="0" x2="100%" y1="0.5" y2="0.5" class="limit" />
        {hours.map((hour, index) => {
          const up = tall(hour.amounts[view.up] ?? 0);
          const down = view.down ? tall(hour.amounts[view.down] ?? 0) : 0;
          const x = `${index * width + width * 0.14}%`;
          const wide = `${width * 0.72}%`;
          const running = hour.from <= now && now < hour.to;
          return (
            <g
              key={hour.from}
              data-running={running}
              data-told={hour === told}
              onPointerEnter={() => onPoint(index)}
            >
              <rect class="reach" x={`${index * width}%`} width={`${width}%`} height="100%" />
              {hour.hole && !running && <rect class="hole" x={x} width={wide} height={`${zero}%`} />}
              {up > 0 && <rect class="up" x={x} width={wide} y={`${zero - up}%`} height={`${up}%`} rx="2" />}
              {down > 0 && <rect class="down" x={x} width={wide} y={`${zero}%`} height={`${down}%`} rx="2" />}
            </g>
          );
        })}
        <line x1="0" x2="100%" y1={`${zero}%`} y2={`${zero}%`} class="zero" />
      </svg>
    </div>
  );
}

function mark(amount: number, { unit }: View, format: Format): string {
  return `${format.number(amount / 1000, amount < 10_000 ? 1 : 0)} ${unit}`;
}

function tell(hour: Hour, view: View, format: Format): string {
  const span = `${format.hour(hour.from)}–${Number(format.hour(hour.to)) || 24}`;
  return [span, ...figures(hour, view, format)].join(" · ");
}

function figures({ amounts, hole, known }: Hour, view: View, format: Format): string[] {
  const shown = (value: number | undefined) => value !== undefined && format.number(value / 1000, 3);
  const up = shown(amounts[view.up]);
  const down = view.down && shown(amounts[view.down]);
  const told: string[] = [];
  if (up) told.push(view.down ? format.text("hours.value.import", { value: up }) : up);
  if (down) told.push(format.text("hours.value.export", { value: down }));
  if (told.length > 0) told.push(`${told.pop()} ${view.unit}`);
  if (!known || told.length === 0) return [format.text("hours.hole")];
  return hole ? [...told, format.text("hours.partly")] : told;
}

/** The bars for those who cannot see them. */
function HoursTable({ hours, view, format }: { hours: readonly Hour[]; view: View; format: Format }) {
  const known = hours.filter((hour) => hour.known);
  return (
    <div class="unseen">
      <table>
        <caption>{format.text("hours")}</caption>
        <tbody>
          {known.map((hour) => (
            <tr key={hour.from}>
              <th scope="row">
                {format.minute(hour.from)}–{format.minute(hour.to)}
              </th>
              <td>{figures(hour, view, format).join(", ")}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
