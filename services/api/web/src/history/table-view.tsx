import type { Day } from "./calendar";
import type { Labels } from "./labels";
import { type Amounts, netOf } from "./quantity";
import type { Bar, Table, UsageAnswer } from "./table";
import { inward, type View } from "./view";
import { digitsOf, netName, notesOf, partName, partsIn } from "./words";

interface Props {
  view: View;
  day: Day;
  table: Table;
  answer: UsageAnswer;
  labels: Labels;
  onZoom: (bar: Bar) => void;
}

/** The bars as a table: rows and holes, and at its foot what they add up to. */
export function UsageTable({ view, day, table, answer, labels, onZoom }: Props) {
  const { format } = labels;
  const { quantity } = view;
  const digits = digitsOf(table, quantity);
  const parts = partsIn(table.total, quantity);
  const several = parts.length > 1;
  /** With so many columns that not all are in sight, the one that counts comes first. */
  const totalFirst = parts.length > 2;
  const compared = table.bars.some(({ before }) => before);
  const unit = quantity.name === "cost" ? answer.currency : quantity.unit;
  const shown = (value: number | undefined) =>
    value === undefined ? "–" : format.number(value / 10 ** quantity.places, digits);
  const cells = (amounts: Amounts, before?: Amounts) => (
    <>
      {totalFirst && <td class="net">{shown(netOf(amounts))}</td>}
      {several &&
        parts.map(({ name, sign }) => {
          const value = amounts[name];
          return <td key={name}>{shown(value === undefined ? undefined : sign * value || 0)}</td>;
        })}
      {!totalFirst && <td class="net">{shown(netOf(amounts))}</td>}
      {compared && <td class="before">{shown(before && netOf(before))}</td>}
    </>
  );
  const net = (
    <th scope="col">
      {netName(quantity, labels)} <span class="in-unit">{unit}</span>
    </th>
  );
  const opens = inward(view, 0) !== undefined;
  return (
    <section
      class="rows"
      aria-label={`${format.text("history.table")} ${labels.title(view, day)}`}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
      tabIndex={0}
    >
      <table data-testid="history-rows">
        <caption class="unseen">{labels.title(view, day)}</caption>
        <thead>
          <tr>
            <th scope="col">{format.text("history.period")}</th>
            {totalFirst && net}
            {several &&
              parts.map((part) => (
                <th scope="col" key={part.name}>
                  {partName(part, labels)} <span class="in-unit">{unit}</span>
                </th>
              ))}
            {!totalFirst && net}
            {compared && <th scope="col">{labels.comparedTitle(view, day)}</th>}
            <th scope="col">
              <span class="unseen">{format.text("history.notes")}</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {table.bars
            .filter(({ state }) => state !== "future")
            .map((bar) => (
              <tr key={bar.from}>
                <th scope="row">
                  {opens ? (
                    <button type="button" class="opens" onClick={() => onZoom(bar)}>
                      {labels.bar(bar, view)}
                    </button>
                  ) : (
                    labels.bar(bar, view)
                  )}
                </th>
                {cells(bar.amounts, bar.before)}
                <td class="notes">
                  {notesOf({ ...bar, holes: [] }, view, labels, table, digits, answer.currency).join(" · ")}
                </td>
              </tr>
            ))}
        </tbody>
        <tfoot>
          {table.holes
            .filter(({ amounts }) => netOf(amounts) !== undefined)
            .map((hole) => (
              <tr key={hole.from} class="hole">
                <th scope="row">
                  {format.text("history.hole.row", {
                    from: labels.moment(hole.from),
                    to: labels.moment(hole.to),
                  })}
                </th>
                {cells(hole.amounts)}
                <td class="notes" />
              </tr>
            ))}
          <tr class="total" data-testid="history-total">
            <th scope="row">{format.text("history.total")}</th>
            {cells(table.total)}
            <td class="notes" />
          </tr>
        </tfoot>
      </table>
    </section>
  );
}
