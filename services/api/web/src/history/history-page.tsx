import "./history.css";
import { useMemo, useState } from "preact/hooks";
import { Choices } from "../parts/controls";
import { hrefOf, type PlaceProps } from "../route";
import { Bars } from "./bars";
import { ChartTools, Walker } from "./controls";
import { Labels } from "./labels";
import { type Moves, movesFrom, useArrows } from "./moves";
import { QUANTITIES } from "./quantity";
import { Sums } from "./sums";
import type { Bar } from "./table";
import { UsageTable } from "./table-view";
import { Told } from "./told";
import { type Shown, useRegisters, useUsage } from "./usage";
import { available, viewOf } from "./view";

/** What was used, from a quarter of an hour to ten years. */
export function HistoryPage({ house, format, route }: PlaceProps) {
  const view = viewOf(route.query.value);
  const { now, today, day, shown, fresh, busy, failed, csv } = useUsage(house, view, format.zone);
  const labels = useMemo(() => new Labels(format), [format]);
  const [cursor, point] = useState<number | undefined>(undefined);
  const bars = shown?.table.bars ?? [];
  const moves = movesFrom({ route, view, day, today, zone: format.zone, bars, point });
  useArrows(moves.step);
  const names = available(useRegisters(house), view.quantity.name);
  return (
    <div class="history" aria-busy={busy || undefined}>
      <Choices
        label={format.text("history.quantity")}
        kind="quantities"
        chosen={view.quantity.name}
        options={names.map((name) => [name, quantityName(name, format)])}
        onChoose={(name) =>
          moves.go(
            { ...view, quantity: QUANTITIES.find((each) => each.name === name) ?? view.quantity },
            true,
          )
        }
      />
      <section class="panel" aria-labelledby="history-title">
        <Walker view={view} day={day} today={today} labels={labels} moves={moves} />
        {failed && !fresh && (
          <p class="trouble" role="alert">
            {format.text("history.failed")}
          </p>
        )}
        {shown && <Sums {...shown} labels={labels} setup={hrefOf("/setup")} />}
        {shown && (
          <Look shown={shown} now={now} cursor={cursor} labels={labels} moves={moves} point={point} />
        )}
        <ChartTools view={view} day={day} labels={labels} csv={csv} onGo={moves.go} />
      </section>
    </div>
  );
}

interface LookProps {
  shown: Shown;
  now: number;
  cursor: number | undefined;
  labels: Labels;
  moves: Moves;
  point: (time: number | undefined) => void;
}

/** The bars or the table of them. */
function Look({ shown, now, cursor, labels, moves, point }: LookProps) {
  const { bars } = shown.table;
  const rows = useMemo(
    () => shown.view.table && <UsageTable {...shown} labels={labels} onZoom={moves.zoom} />,
    [shown, labels],
  );
  if (rows) return rows;
  const index = indexOf(bars, cursor);
  return (
    <div class="look">
      <Told
        {...shown}
        bar={index === undefined ? undefined : bars[index]}
        labels={labels}
        onZoom={moves.zoom}
      />
      <Bars
        {...shown}
        now={now}
        index={index}
        labels={labels}
        onPoint={(at) => point(bars[at]?.from)}
        onZoom={moves.zoom}
        onOut={() => moves.leave?.()}
        onStep={moves.stepAlong}
      />
    </div>
  );
}

/** The bar that holds a time; else the running one, or the newest that is known. */
function indexOf(bars: readonly Bar[], time: number | undefined): number | undefined {
  const pointed = time === undefined ? -1 : bars.findIndex(({ from, to }) => from <= time && time < to);
  if (pointed >= 0) return pointed;
  const running = bars.findIndex(({ state, known }) => state === "running" && known);
  if (running >= 0) return running;
  const known = bars.findLastIndex((bar) => bar.known);
  return known >= 0 ? known : undefined;
}

function quantityName(name: string, format: PlaceProps["format"]): string {
  if (name === "electricity") return format.text("history.electricity");
  return name === "cost" ? format.text("history.cost") : format.kind(name);
}
