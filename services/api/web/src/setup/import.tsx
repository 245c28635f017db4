import { useState } from "preact/hooks";
import type { Format } from "../format/format";
import type { PlaceProps } from "../route";
import { Facts } from "./facts";
import { Field } from "./field";
import { FileTask } from "./file-task";

interface ImportReport {
  format: string;
  rows: number;
  readings: number;
  new: number;
  known: number;
  refused: { line: number; reason: string }[];
  from?: string;
  to?: string;
}

const SHOWN_REFUSALS = 20;

/** Histories of other programs, from their files. */
export function ImportPart({ house, format }: PlaceProps) {
  const gateways = Object.keys(house.state.value.gateways).sort();
  const [chosen, choose] = useState<string | undefined>(undefined);
  const gateway = chosen ?? house.gateway.value?.name;
  if (gateway === undefined) return <p class="panel note">{format.text("none.hint")}</p>;
  return (
    <section class="panel" aria-labelledby="import">
      <h2 id="import" class="caption">
        {format.text("import")}
      </h2>
      <p class="note">{format.text("import.hint")}</p>
      {gateways.length > 1 && (
        <Field label={format.text("import.gateway")}>
          <select value={gateway} onChange={(event) => choose(event.currentTarget.value)}>
            {gateways.map((name) => (
              <option key={name} value={name}>
                {name}
              </option>
            ))}
          </select>
        </Field>
      )}
      <FileTask<ImportReport>
        key={gateway}
        label={format.text("import.file")}
        hint={format.text("import.file.hint")}
        accept=".csv,.json,.sql,.zip,.gz,.txt"
        confirm={format.text("import.take", { gateway })}
        format={format}
        send={(file, dryRun) =>
          house.client.send(
            "POST",
            `meters/${gateway}/import`,
            new Blob([file], { type: "application/octet-stream" }),
            { dry_run: String(dryRun), format: "auto" },
          ) as Promise<ImportReport>
        }
        worthwhile={(report) => report.new > 0}
        show={(report) => <Report report={report} format={format} />}
      />
    </section>
  );
}

function Report({ report, format }: { report: ImportReport; format: Format }) {
  const count = (number: number) => format.number(number);
  const { refused } = report;
  return (
    <>
      <Facts
        facts={[
          [format.text("import.format"), report.format],
          [format.text("import.rows"), count(report.rows)],
          [format.text("import.readings"), count(report.readings)],
          [format.text("import.new"), count(report.new)],
          [format.text("import.known"), count(report.known)],
          [format.text("import.refused"), count(refused.length)],
          [format.text("file.from"), report.from && format.full(Date.parse(report.from))],
          [format.text("file.to"), report.to && format.full(Date.parse(report.to))],
        ]}
      />
      {refused.length > 0 && (
        <ul class="refusals" lang="en">
          {refused.slice(0, SHOWN_REFUSALS).map(({ line, reason }) => (
            <li key={line}>{format.text("file.line", { line, reason })}</li>
          ))}
          {refused.length > SHOWN_REFUSALS && (
            <li>{format.text("import.refused.more", { count: refused.length - SHOWN_REFUSALS })}</li>
          )}
        </ul>
      )}
    </>
  );
}
