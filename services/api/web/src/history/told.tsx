import type { Labels } from "./labels";
import { Swatch } from "./swatch";
import type { Bar, Table, UsageAnswer } from "./table";
import { inward, type View } from "./view";
import { digitsOf, figuresOf, notesOf } from "./words";

interface Props {
  bar: Bar | undefined;
  view: View;
  table: Table;
  answer: UsageAnswer;
  labels: Labels;
  onZoom: (bar: Bar) => void;
}

/** The bar that is pointed at, in figures. */
export function Told({ bar, view, table, answer, labels, onZoom }: Props) {
  if (!bar) return <div class="told" data-testid="history-told" />;
  const { format } = labels;
  const digits = digitsOf(table, view.quantity);
  const figures = figuresOf(bar.amounts, table.total, view, labels, digits, answer.currency);
  const before = bar.before
    ? figuresOf(bar.before, table.total, view, labels, digits, answer.currency).at(-1)
    : undefined;
  const opens = inward(view, 0) !== undefined || view.quantity.name === "electricity";
  return (
    <div class="told" data-testid="history-told">
      <p class="what">
        <strong>{labels.bar(bar, view)}</strong>
        {figures.length === 0 && (
          <span>{format.text(bar.state === "future" ? "history.future" : "history.none")}</span>
        )}
        {figures.map(({ name, label, value, part }) => (
          <span key={name} class="figure">
            {part && figures.length > 1 && (
              <Swatch tone={part.tone} pattern={view.quantity.name === "cost"} />
            )}
            {figures.length > 1 && <span class="label">{label}</span>} <span class="value">{value}</span>
          </span>
        ))}
        {before && (
          <span class="figure before">
            <span class="label">{format.text("history.before")}</span>{" "}
            <span class="value">{before.value}</span>
          </span>
        )}
      </p>
      <p class="notes">{notesOf(bar, view, labels, table, digits, answer.currency).join(" · ")}</p>
      {opens && bar.state !== "future" && (
        <button type="button" class="inside" data-testid="history-inside" onClick={() => onZoom(bar)}>
          <span class="unseen">{format.text("history.inside", { bar: labels.bar(bar, view) })}</span>
          <svg viewBox="0 0 20 20" width="20" height="20" aria-hidden="true">
            <path d="M13.2 13.2 17 17M8.5 14a5.5 5.5 0 1 0 0-11 5.5 5.5 0 0 0 0 11ZM8.5 6v5M6 8.5h5" />
          </svg>
        </button>
      )}
    </div>
  );
}
