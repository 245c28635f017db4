import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import { ApiError } from "../api/client";
import type { Format } from "../format/format";
import { useSession } from "../session/session";
import { Field } from "./field";
import { sentenceOf } from "./trouble";

interface Props<Report> {
  label: string;
  hint: string;
  accept: string;
  confirm: string;
  format: Format;
  /** Send the file; with `dryRun` nothing is changed. */
  send: (file: File, dryRun: boolean) => Promise<Report>;
  /** What the file does or would do. */
  show: (report: Report, done: boolean) => ComponentChildren;
  /** Whether there is anything to be done after this dry run. */
  worthwhile: (report: Report) => boolean;
}

type Step<Report> =
  | { kind: "empty" }
  | { kind: "working"; file: File }
  | { kind: "tried" | "done"; file: File; report: Report }
  | { kind: "failed"; sentence: string; lines: readonly string[] };

/** A file that is tried first, and taken when one has seen what it would do. */
export function FileTask<Report>(props: Props<Report>) {
  const { label, hint, accept, confirm, format, send, show, worthwhile } = props;
  const session = useSession();
  const [step, go] = useState<Step<Report>>({ kind: "empty" });
  const run = async (file: File, dryRun: boolean) => {
    go({ kind: "working", file });
    try {
      const report = await session.control(() => send(file, dryRun));
      go({ kind: dryRun ? "tried" : "done", file, report });
    } catch (error) {
      go({ kind: "failed", sentence: sentenceOf(error, format), lines: linesOf(error, format) });
    }
  };
  return (
    <div class="file-task">
      <Field label={label} hint={hint}>
        <input
          type="file"
          accept={accept}
          onChange={(event) => {
            const file = event.currentTarget.files?.[0];
            if (file) void run(file, true);
          }}
        />
      </Field>
      <div role="status">
        {step.kind === "working" && (
          <p class="note">{format.text("file.working", { name: step.file.name })}</p>
        )}
        {step.kind === "failed" && step.sentence && (
          <div class="report">
            <p class="error" lang="en">
              {step.sentence}
            </p>
            {step.lines.map((line) => (
              <p key={line} class="note" lang="en">
                {line}
              </p>
            ))}
          </div>
        )}
        {(step.kind === "tried" || step.kind === "done") && (
          <div class="report" data-testid={`file-${step.kind}`}>
            <h3>
              {format.text(step.kind === "done" ? "file.done" : "file.tried", { name: step.file.name })}
            </h3>
            {show(step.report, step.kind === "done")}
          </div>
        )}
      </div>
      {step.kind === "tried" && worthwhile(step.report) && (
        <p class="actions">
          <button type="button" class="button" onClick={() => void run(step.file, false)}>
            {confirm}
          </button>
          <button type="button" class="button plain" onClick={() => go({ kind: "empty" })}>
            {format.text("cancel")}
          </button>
        </p>
      )}
    </div>
  );
}

/** What is wrong with single lines of the file. */
function linesOf(error: unknown, format: Format): string[] {
  if (!(error instanceof ApiError)) return [];
  return error.errors.flatMap((each) => {
    const { line } = each as unknown as { line?: number };
    return line === undefined ? [] : [format.text("file.line", { line, reason: each.detail })];
  });
}
