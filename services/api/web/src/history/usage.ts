import { useComputed } from "@preact/signals";
import { useEffect, useMemo, useState } from "preact/hooks";
import { useAsking } from "../api/asking";
import { Source } from "../api/source";
import type { House } from "../live/house";
import { amountsOf } from "../live/today";
import { bounds, type Day, dayAt, slotsOf } from "./calendar";
import { type Table, tableOf, type UsageAnswer } from "./table";
import { usageQuery, type View } from "./view";

const MINUTE_MS = 60_000;

/** A view with its bars. */
export interface Shown {
  view: View;
  day: Day;
  table: Table;
  answer: UsageAnswer;
}

/** What the page knows of a view. `fresh`: what is shown is what is asked for. */
export interface Known {
  now: number;
  today: Day;
  day: Day;
  shown: Shown | undefined;
  fresh: boolean;
  busy: boolean;
  failed: boolean;
  csv: string | undefined;
}

/** The usage of a view; until it is there, that of the view before. */
export function useUsage(house: House, view: View, zone: string): Known {
  const gateway = useComputed(() => house.gateway.value?.name).value;
  const now = useComputed(() => minuteOf(house.now.value && house.meterNow())).value;
  const source = useMemo(
    () => new Source<UsageAnswer, View>(house.client, (answer) => answer as UsageAnswer),
    [house, gateway],
  );
  const today = dayAt(now, zone);
  const day = view.day ?? today;
  const query = usageQuery(view, today);
  const key = JSON.stringify(query);
  const path = `meters/${gateway}/usage`;
  const [first, end] = bounds(view.span, view.unit, day);
  const running = first <= today && today < end;
  const question = gateway === undefined ? undefined : { key, about: view, path, query };
  const failed = useAsking(source, question, running ? now : 0);

  const answered = source.shown.value;
  const told = answered?.answer.timezone;
  useEffect(() => {
    if (told !== undefined) house.zone.value = told;
  }, [house, told]);
  const fresh = answered?.key === key;
  const seen = answered && (fresh ? view : answered.about);
  const shown = useMemo(
    () => (answered && seen ? shownOf(answered.answer, seen, today, now, zone) : undefined),
    [answered, JSON.stringify(seen), today, now, zone],
  );
  const csv = gateway === undefined ? undefined : house.client.url(`${path}.csv`, query);
  const busy = question !== undefined && !fresh && !failed;
  return { now, today, day, shown, fresh, busy, failed, csv };
}

function shownOf(answer: UsageAnswer, view: View, today: Day, now: number, otherwise: string): Shown {
  const day = view.day ?? today;
  const zone = answer.timezone ?? otherwise;
  const slots = slotsOf(bounds(view.span, view.unit, day), view.unit, zone);
  const table = tableOf(answer, view.quantity, { slots, span: view.span, unit: view.unit, zone, now });
  return { view, day, answer, table: view.span === "years" ? withoutLead(table) : table };
}

/** Ten years begin where history does. */
function withoutLead(table: Table): Table {
  const first = table.bars.findIndex(({ known, before }) => known || before);
  return first > 0 ? { ...table, bars: table.bars.slice(first) } : table;
}

function minuteOf(time: number): number {
  return Math.floor(time / MINUTE_MS) * MINUTE_MS;
}

/** The registers that the meter shows or history holds anything of. */
export function useRegisters(house: House): ReadonlySet<string> {
  const gateway = useComputed(() => house.gateway.value?.name).value;
  const counted = useComputed(() => Object.keys(amountsOf(house.gateway.value?.reading ?? {})).join()).value;
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
  return new Set([...counted.split(","), ...held]);
}
