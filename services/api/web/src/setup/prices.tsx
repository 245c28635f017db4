import type { PlaceProps } from "../route";
import { Facts } from "./facts";
import { FileTask } from "./file-task";

interface PricesTaken {
  rows: number;
  new: number;
  changed: number;
  from?: string;
  to?: string;
}

/** Market prices by the hour, from a file. */
export function PricesPart({ house, format }: PlaceProps) {
  const count = (number: number) => format.number(number);
  return (
    <section class="panel" aria-labelledby="prices">
      <h2 id="prices" class="caption">
        {format.text("prices")}
      </h2>
      <FileTask<PricesTaken>
        label={format.text("prices.file")}
        hint={format.text("prices.hint")}
        accept=".csv,text/csv,text/plain"
        confirm={format.text("prices.take")}
        format={format}
        send={(file, dryRun) =>
          house.client.send("PUT", "prices", new Blob([file], { type: "text/csv" }), {
            dry_run: String(dryRun),
          }) as Promise<PricesTaken>
        }
        worthwhile={(report) => report.new + report.changed > 0}
        show={(report) => (
          <Facts
            facts={[
              [format.text("prices.rows"), count(report.rows)],
              [format.text("prices.new"), count(report.new)],
              [format.text("prices.changed"), count(report.changed)],
              [format.text("file.from"), report.from && format.moment(Date.parse(report.from))],
              [format.text("file.to"), report.to && format.moment(Date.parse(report.to))],
            ]}
          />
        )}
      />
    </section>
  );
}
