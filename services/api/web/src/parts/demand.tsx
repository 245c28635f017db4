import { numberOf, type Reading } from "../api/reading";
import type { Format } from "../format/format";

const QUARTER_MS = 900_000;

/** The running quarter-hour's demand against the month's peak (Belgium's capacity tariff). */
export function Demand({ reading, now, format }: { reading: Reading; now: number; format: Format }) {
  const demand = numberOf(reading, "demand_import_w");
  const peak = numberOf(reading, "peak_import_w");
  if (demand === undefined && peak === undefined) return null;
  const share = demand !== undefined && peak ? demand / peak : undefined;
  const left = Math.ceil((QUARTER_MS - (now % QUARTER_MS)) / 60_000);
  return (
    <section class="panel demand" aria-labelledby="demand" data-over={share !== undefined && share >= 1}>
      <h2 id="demand" class="caption">
        {format.text("demand")}
      </h2>
      <dl class="pair">
        {demand !== undefined && (
          <div data-testid="demand-running">
            <dt>{format.text("demand.running")}</dt>
            <dd>
              {format.number(demand)}
              <span class="unit"> W</span>
            </dd>
            <dd class="note">{format.text("demand.left", { minutes: left })}</dd>
          </div>
        )}
        {peak !== undefined && (
          <div data-testid="demand-peak">
            <dt>{format.text("demand.peak")}</dt>
            <dd>
              {format.number(peak)}
              <span class="unit"> W</span>
            </dd>
            <dd class="note">
              {reading.peak_import_at ? format.moment(Date.parse(reading.peak_import_at)) : " "}
            </dd>
          </div>
        )}
      </dl>
      {share !== undefined && (
        <svg class="bar" role="img" aria-label={format.text("demand.bar", { share: format.percent(share) })}>
          <rect class="rail" width="100%" height="100%" />
          <rect class="fill" width={`${Math.min(share, 1) * 100}%`} height="100%" />
        </svg>
      )}
    </section>
  );
}
