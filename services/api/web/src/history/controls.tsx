import { Choices, DateField, StepButton } from "../parts/controls";
import { bounds, type Day, isoDay, parseDay, SPANS, type Span, UNITS_OF, type Unit } from "./calendar";
import type { Labels } from "./labels";
import type { Moves } from "./moves";
import { type Compare, type View, withSpan } from "./view";

type Go = (view: View, replace?: boolean) => void;

interface WalkerProps {
  view: View;
  day: Day;
  today: Day;
  labels: Labels;
  moves: Moves;
}

/** Which span is in sight, and the ways to another. */
export function Walker({ view, day, today, labels, moves }: WalkerProps) {
  const { format } = labels;
  const [first, end] = bounds(view.span, view.unit, day);
  const last = end > today;
  return (
    <header class="walker">
      <div class="walk">
        <StepButton way="back" label={format.text("history.back")} onPress={() => moves.step(-1)} />
        <div class="place">
          <h2 id="history-title" data-testid="history-title" aria-live="polite">
            {labels.title(view, day)}
          </h2>
          <p class="ways">
            {moves.leave && (
              <button type="button" class="by-way" data-testid="history-out" onClick={moves.leave}>
                {format.text("history.out")}
              </button>
            )}
            {view.day !== undefined && (
              <button
                type="button"
                class="by-way"
                data-testid="history-today"
                onClick={() => moves.go({ ...view, day: undefined })}
              >
                {format.text("history.today")}
              </button>
            )}
          </p>
        </div>
        <StepButton
          way="on"
          label={format.text("history.on")}
          disabled={last}
          onPress={() => moves.step(1)}
        />
        <DateField
          label={format.text("history.date")}
          value={isoDay(first <= today && today < end ? day : first)}
          max={isoDay(today)}
          onChoose={(text) => {
            const chosen = parseDay(text);
            if (chosen !== undefined) moves.go({ ...view, day: chosen >= today ? undefined : chosen });
          }}
        />
      </div>
      <Choices
        label={format.text("history.span")}
        kind="spans"
        chosen={view.span}
        options={SPANS.map((span) => [span, format.text(SPAN_TEXTS[span])])}
        onChoose={(span) => moves.go(withSpan(view, span))}
      />
    </header>
  );
}

const SPAN_TEXTS = {
  day: "history.span.day",
  week: "history.span.week",
  month: "history.span.month",
  year: "history.span.year",
  years: "history.span.years",
} as const satisfies Record<Span, string>;

const UNIT_TEXTS = {
  quarter: "history.unit.quarter",
  hour: "history.unit.hour",
  day: "history.unit.day",
  week: "history.unit.week",
  month: "history.unit.month",
  year: "history.unit.year",
} as const satisfies Record<Unit, string>;

interface ToolsProps {
  view: View;
  day: Day;
  labels: Labels;
  csv: string | undefined;
  onGo: Go;
}

/** What the bars are, what they are compared with, and the same as a table or a file. */
export function ChartTools({ view, day, labels, csv, onGo }: ToolsProps) {
  const { format } = labels;
  const units = UNITS_OF[view.span];
  return (
    <footer class="chart-tools">
      {units.length > 1 && (
        <Choices
          label={format.text("history.unit")}
          kind="units"
          chosen={view.unit}
          options={units.map((unit) => [unit, format.text(UNIT_TEXTS[unit])])}
          onChoose={(unit) => onGo({ ...view, unit }, true)}
        />
      )}
      <label class="compare">
        <span>{format.text("history.compare")}</span>
        <select
          class="pick"
          data-testid="history-compare"
          value={view.compare}
          onChange={({ currentTarget }) => onGo({ ...view, compare: currentTarget.value as Compare }, true)}
        >
          {comparesOf(view).map((compare) => (
            <option key={compare} value={compare}>
              {compare === "none"
                ? format.text("history.compare.none")
                : labels.comparedTitle({ ...view, compare }, day)}
            </option>
          ))}
        </select>
      </label>
      <span class="ends">
        <button
          type="button"
          class="flat"
          aria-pressed={view.table}
          data-testid="history-table"
          onClick={() => onGo({ ...view, table: !view.table }, true)}
        >
          {format.text("history.table")}
        </button>
        {csv !== undefined && (
          <a class="flat" href={csv} download="" data-testid="history-csv">
            {format.text("history.csv")}
          </a>
        )}
      </span>
    </footer>
  );
}

/** A year is a year after the one before it: there both are the same. */
function comparesOf({ span, compare }: View): Compare[] {
  const kinds: Compare[] = span === "year" ? ["none", "year"] : ["none", "previous"];
  if (span !== "year" && span !== "years") kinds.push("year");
  return kinds.includes(compare) ? kinds : [...kinds, compare];
}
