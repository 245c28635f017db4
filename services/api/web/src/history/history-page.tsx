import "./history.css";
import { useComputed } from "@preact/signals";
import { useEffect, useMemo, useState } from "preact/hooks";
import { Source } from "../api/source";
import { amountsOf } from "../live/today";
import { Choices } from "../parts/controls";
import { hrefOf, type PlaceProps } from "../route";
import { Bars } from "./bars";
import { bounds, type Day, dayAt, slotsOf, walk } from "./calendar";
import { ChartTools, Walker } from "./controls";
import { Labels } from "./labels";
import { QUANTITIES } from "./quantity";
import { Sums } from "./sums";
import { type Bar, type Table, tableOf, type UsageAnswer } from "./table";
import { UsageTable } from "./table-view";
import { Told } from "./told";
import { available, inward, outward, queryOf, usageQuery, type View, viewOf } from "./view";

const PATH = "/history";
const MINUTE_MS = 60_000;
const RETRY_MS = 5_000;

/** A view with its bars. */
interface Shown {
  view: View;
  day: Day;
  table: Table;
  answer: UsageAnswer;
}

/** What was used, from a quarter of an hour to ten years. */
export function HistoryPage({ house, format, route }: PlaceProps) {
  const view = viewOf(route.query.value);
  const gateway = useComputed(() => house.gateway.value?.name).value;
  const now = useComputed(() => minuteOf(house.now.value && house.meterNow())).value;
  const counted = useComputed(() => Object.keys(amountsOf(house.gateway.value?.reading ?? {})).join()).value;
  const labels = useMemo(() => new Labels(format), [format.locale, format.zone, format.code]);
  const source = useMemo(
    () => new Source<UsageAnswer, View>(house.client, (answer) => answer as UsageAnswer),
    [house, gateway],
  );
  const [cursor, point] = useState<number | undefined>(undefined);

  const today = dayAt(now, format.zone);
  const day = view.day ?? today;
  const query = usageQuery(view, today);
  const key = JSON.stringify(query);
  const [first, end] = bounds(view.span, view.unit, day);
  const running = first <= today && today < end;

  const ask = () => {
    if (gateway !== undefined) void source.ask({ key, about: view, path: `meters/${gateway}/usage`, query });
  };
  useEffect(ask, [source, key, running ? now : 0]);
  useEffect(() => () => source.stop(), [source]);
  const failed = source.failed.value;
  useEffect(() => {
    if (!failed) return;
    const retry = setInterval(ask, RETRY_MS);
    return () => clearInterval(retry);
  }, [failed, source, key]);

  const answered = source.shown.value;
  const zone = answered?.answer.timezone;
  useEffect(() => {
    if (zone !== undefined) house.zone.value = zone;
  }, [house, zone]);
  const fresh = answered?.key === key;
  const seen = answered && (fresh ? view : answered.about);
  const shown = useMemo(
    () => (answered && seen ? shownOf(answered.answer, seen, today, now, format.zone) : undefined),
    [answered, seen?.quantity, seen?.span, seen?.unit, seen?.day, seen?.compare, today, now, format.zone],
  );

  const go = (next: View, replace = false) => route.go(PATH, queryOf(next), { replace });
  const step = (steps: number) => {
    const to = walk(view.span, view.unit, day, steps);
    if (steps < 0 || bounds(view.span, view.unit, to)[0] <= today)
      go({ ...view, day: to >= today ? undefined : to });
  };
  const zoom = (bar: Bar) => {
    point(bar.from);
    const inner = inward(view, dayAt(bar.from, format.zone));
    if (inner) go(inner);
    else if (view.quantity.name === "electricity") route.go("/power", powerQuery(bar));
  };
  const leave = () => {
    point(midOf(shown?.table.bars));
    const outer = outward(view, today);
    if (outer) go(outer);
  };
  useArrows(step);

  const held = useHeld(house, gateway);
  const names = available(new Set([...counted.split(","), ...held]), view.quantity.name);
  const chosen = shown?.view ?? view;
  const rows = useMemo(
    () => shown && chosen.table && <UsageTable {...shown} labels={labels} onZoom={zoom} />,
    [shown, chosen.table, labels],
  );
  const index = shown ? indexOf(shown.table.bars, cursor) : undefined;
  const bar = index === undefined ? undefined : shown?.table.bars[index];
  return (
    <div class="history" aria-busy={source.busy.value && !fresh}>
      <Choices
        label={format.text("history.quantity")}
        kind="quantities"
        chosen={view.quantity.name}
        options={names.map((name) => [name, quantityName(name, format)])}
        onChoose={(name) =>
          go({ ...view, quantity: QUANTITIES.find((each) => each.name === name) ?? view.quantity }, true)
        }
      />
      <section class="panel" aria-labelledby="history-title">
        <Walker
          view={view}
          day={day}
          today={today}
          labels={labels}
          onStep={step}
          onGo={go}
          {...(outward(view, today) ? { onOut: leave } : {})}
        />
        {failed && !fresh && (
          <p class="trouble" role="alert">
            {format.text("history.failed")}
          </p>
        )}
        {shown && (
          <>
            <Sums {...shown} labels={labels} setup={hrefOf("/setup")} />
            {chosen.table ? (
              rows
            ) : (
              <div class="look">
                <Told bar={bar} {...shown} labels={labels} onZoom={zoom} />
                <Bars
                  {...shown}
                  now={now}
                  index={index}
                  labels={labels}
                  onPoint={(at) => point(shown.table.bars[at]?.from)}
                  onZoom={zoom}
                  onOut={leave}
                  onStep={(steps) => {
                    const edge = steps < 0 ? shown.table.bars[0]?.from : shown.table.bars.at(-1)?.to;
                    point(edge === undefined ? undefined : edge - (steps < 0 ? 1 : 0));
                    step(steps);
                  }}
                />
              </div>
            )}
          </>
        )}
        <ChartTools
          view={view}
          day={day}
          labels={labels}
          csv={gateway === undefined ? undefined : house.client.url(`meters/${gateway}/usage.csv`, query)}
          onGo={go}
        />
      </section>
    </div>
  );
}

function shownOf(answer: UsageAnswer, view: View, today: Day, now: number, zone: string): Shown {
  const day = view.day ?? today;
  const slots = slotsOf(bounds(view.span, view.unit, day), view.unit, answer.timezone ?? zone);
  const layout = { slots, span: view.span, unit: view.unit, zone: answer.timezone ?? zone, now };
  const table = tableOf(answer, view.quantity, layout);
  return { view, day, answer, table: view.span === "years" ? withoutLead(table) : table };
}

/** Ten years begin where history does. */
function withoutLead(table: Table): Table {
  const first = table.bars.findIndex(({ known, before }) => known || before);
  return first > 0 ? { ...table, bars: table.bars.slice(first) } : table;
}

/** The registers that history holds anything of, also where the meter is silent now. */
function useHeld(house: PlaceProps["house"], gateway: string | undefined): readonly string[] {
  const [held, hold] = useState<readonly string[]>([]);
  useEffect(() => {
    if (gateway === undefined) return;
    house.client.get(`meters/${gateway}/usage`, { per: "year" }).then(
      (answer) => hold(Object.keys((answer as UsageAnswer).total ?? {})),
      () => {
        // The reading says it too, as soon as there is one.
      },
    );
  }, [house, gateway]);
  return held;
}

/** The bar that holds a time; else the running one, the newest that is known, or the last. */
function indexOf(bars: readonly Bar[], time: number | undefined): number | undefined {
  const pointed = time === undefined ? -1 : bars.findIndex(({ from, to }) => from <= time && time < to);
  if (pointed >= 0) return pointed;
  const running = bars.findIndex(({ state, known }) => state === "running" && known);
  if (running >= 0) return running;
  const known = bars.findLastIndex((bar) => bar.known);
  return known >= 0 ? known : undefined;
}

function midOf(bars: readonly Bar[] | undefined): number | undefined {
  const middle = bars?.[Math.floor(bars.length / 2)];
  return middle && (middle.from + middle.to) / 2;
}

function powerQuery({ from, to }: Bar): Record<string, string> {
  return { from: new Date(from).toISOString(), to: new Date(to).toISOString() };
}

function minuteOf(time: number): number {
  return Math.floor(time / MINUTE_MS) * MINUTE_MS;
}

function quantityName(name: string, format: PlaceProps["format"]): string {
  if (name === "electricity") return format.text("history.electricity");
  return name === "cost" ? format.text("history.cost") : format.kind(name);
}

const OWN_KEYS = "input, select, textarea, [role=slider]";

/** Arrow keys walk, wherever they do nothing else. */
function useArrows(step: (steps: number) => void): void {
  useEffect(() => {
    const press = (event: KeyboardEvent) => {
      const steps = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
      const modified = event.altKey || event.ctrlKey || event.metaKey || event.shiftKey;
      if (steps === undefined || modified || event.defaultPrevented) return;
      if (event.target instanceof Element && event.target.closest(OWN_KEYS)) return;
      event.preventDefault();
      step(steps);
    };
    addEventListener("keydown", press);
    return () => removeEventListener("keydown", press);
  });
}
