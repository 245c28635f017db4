import type { Day } from "./calendar";
import type { Labels } from "./labels";
import { netOf } from "./quantity";
import { Swatch } from "./swatch";
import type { Table, UsageAnswer } from "./table";
import type { View } from "./view";
import { deltaText, digitsOf, figuresOf, netName, partName, partsIn } from "./words";

interface Props {
  view: View;
  day: Day;
  table: Table;
  answer: UsageAnswer;
  labels: Labels;
  /** Where one says what things cost. */
  setup: string;
}

/** What the bars add up to, what of it lies in holes, and how that stands to another period. */
export function Sums({ view, day, table, answer, labels, setup }: Props) {
  const { format } = labels;
  const { quantity } = view;
  const parts = partsIn(table.total, quantity);
  if (parts.length === 0) return <Nothing view={view} labels={labels} setup={setup} />;
  const digits = digitsOf(table, quantity);
  const money = answer.currency;
  const shown = (value: number) => labels.amount(value, quantity, money, digits);
  const cost = quantity.name === "cost";
  const delta = (now: number | undefined, before: number | undefined, sign = 1) =>
    table.comparison && now !== undefined && before !== undefined ? (
      <dd class="delta" data-testid="history-delta">
        {deltaText(
          sign * now,
          sign * before,
          view,
          labels,
          table.comparison,
          labels.comparedTitle(view, day),
          money,
        )}
      </dd>
    ) : null;
  const compared = table.comparison;
  const net = netOf(table.total) ?? 0;
  return (
    <dl class="sums" data-testid="history-sums">
      {!cost &&
        parts.map((part) => {
          const amount = part.sign * (table.total[part.name] ?? 0) || 0;
          const hole = part.sign * (table.inHoles[part.name] ?? 0) || 0;
          return (
            <div key={part.name} data-testid={`sum-${part.name}`}>
              <dt>
                {parts.length > 1 && <Swatch tone={part.tone} />}
                {parts.length > 1 ? partName(part, labels) : netName(quantity, labels)}
              </dt>
              <Big text={shown(amount)} />
              {hole !== 0 && <dd class="of">{format.text("history.of", { amount: shown(hole) })}</dd>}
              {delta(compared?.now[part.name], compared?.before[part.name], part.sign)}
            </div>
          );
        })}
      {(cost || parts.length > 1) && (
        <div class={cost ? "all" : "net"} data-testid="sum-net">
          <dt>{netName(quantity, labels)}</dt>
          <Big text={shown(net)} />
          {cost && table.inHoles && netOf(table.inHoles) ? (
            <dd class="of">{format.text("history.of", { amount: shown(netOf(table.inHoles) ?? 0) })}</dd>
          ) : null}
          {cost && compared && delta(netOf(compared.now), netOf(compared.before))}
        </div>
      )}
      {cost && (
        <div class="breakdown">
          <dt class="unseen">{format.text("history.cost.parts")}</dt>
          {figuresOf(table.total, table.total, view, labels, digits, money)
            .filter(({ part }) => part)
            .map(({ name, label, value, part }) => (
              <dd key={name} data-testid={`sum-${name}`}>
                {part && <Swatch tone={part.tone} pattern />}
                <span class="label">{label}</span> <span class="value">{value}</span>
              </dd>
            ))}
        </div>
      )}
    </dl>
  );
}

/** A figure whose digits behind the point stand back. */
function Big({ text }: { text: string }) {
  const [, whole = text, fraction = "", unit = ""] = /^(.*?\d)([.,]\d+)?(\s*\D*)$/.exec(text) ?? [];
  return (
    <dd class="big">
      <span class="whole">{whole}</span>
      <span class="fraction">{fraction}</span>
      <span class="unit">{unit}</span>
    </dd>
  );
}

function Nothing({ view, labels, setup }: { view: View; labels: Labels; setup: string }) {
  const { format } = labels;
  if (view.quantity.name !== "cost") return <p class="nothing">{format.text("history.nothing")}</p>;
  return (
    <p class="nothing">
      {format.text("history.cost.unknown")} <a href={setup}>{format.text("history.cost.setup")}</a>
    </p>
  );
}
