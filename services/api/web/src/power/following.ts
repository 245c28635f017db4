import { useSignalEffect } from "@preact/signals";
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { useAsking } from "../api/asking";
import { timeOf } from "../api/reading";
import { Source } from "../api/source";
import type { House } from "../live/house";
import type { Query, Route } from "../route";
import { type Curve, composed, curveOf, grown, type Live, type PowerAnswer } from "./curve";
import { binsFor, edges, type Range, rangeOf, rangeQuery } from "./range";
import { fieldsOf, type Show, valuesIn } from "./show";

export const PATH = "/power";
const SETTLE_MS = 150;
const MOST_LIVE = 4_000;
/** With bins longer than this, single readings would stand out from them. */
const LIVE_STEP_S = 60;
const REFRESH_MS = 30_000;

/** The address of a range of a show. */
export function queryFor(show: string, range: Range): Query {
  return { ...(show === "power" ? {} : { show }), ...rangeQuery(range) };
}

/** The range in sight: that of the address, or where a gesture has brought it; that goes into the address once at rest. */
export function useRange(
  route: Route,
  show: string,
): [range: Range, move: (range: Range) => void, moving: boolean] {
  const query = route.query.value;
  const asked = useMemo(() => rangeOf(query), [query]);
  const [moved, move] = useState<Range | undefined>(undefined);
  useEffect(() => move(undefined), [query]);
  useEffect(() => {
    if (!moved) return;
    const settle = setTimeout(() => route.go(PATH, queryFor(show, moved), { replace: true }), SETTLE_MS);
    return () => clearTimeout(settle);
  }, [moved]);
  return [moved ?? asked, move, moved !== undefined];
}

/** What there is to see. `now` and the edges are in Unix milliseconds. */
export interface Seen {
  now: number;
  from: number;
  to: number;
  curve: Curve | undefined;
  busy: boolean;
  failed: boolean;
  csv: string | undefined;
}

/** The curve of a range: what is known at once, the finer as soon as it has come, the newest as it comes. */
export function useCurve(house: House, show: Show, range: Range, moving: boolean, pixels: number): Seen {
  const gateway = house.gateway.value?.name;
  const source = useMemo(
    () => new Source<Curve, Show>(house.client, (answer, about) => curveOf(answer as PowerAnswer, about)),
    [house, gateway, show],
  );
  const now = stepped(house.now.value && house.meterNow(), Math.max(1000, range.width / 2000));
  const [from, to] = edges(range, now);
  const query = powerQuery(house.meterNow(), show, range, pixels);
  const path = `meters/${gateway}/power`;
  const key = JSON.stringify(query);
  const final = Date.parse(query.to ?? "") < house.meterNow() - 2 * REFRESH_MS;
  const asks = gateway !== undefined && !moving;
  const failed = useAsking(source, asks ? { key, about: show, path, query, final } : undefined, 0);

  const live = useLive(house, show, gateway);
  const answered = source.shown.value;
  const curve = useMemo(() => {
    const known = source.recent().map(({ answer }) => answer);
    const past = composed(known, from / 1000, to / 1000);
    const follows = range.end === undefined && (past?.step ?? 1) <= LIVE_STEP_S;
    return follows ? grown(past, live) : past;
  }, [source, answered, from, to, live.length, range.end]);
  const csv = gateway === undefined ? undefined : house.client.url(`${path}.csv`, query);
  return { now, from, to, curve, busy: source.busy.value || moving, failed, csv };
}

function powerQuery(now: number, show: Show, range: Range, pixels: number): Record<string, string> {
  const refresh = Math.max(REFRESH_MS, range.width / 1000);
  const end = range.end ?? Math.ceil(now / refresh) * refresh;
  const { from, to, points } = binsFor([end - range.width, end], pixels);
  return {
    from: new Date(from).toISOString(),
    to: new Date(to).toISOString(),
    points: String(points),
    fields: fieldsOf(show).join(),
  };
}

/** What has come in since the page was opened; it is a new list for another gateway or show. */
function useLive(house: House, show: Show, gateway: string | undefined): readonly Live[] {
  const live = useRef<Live[]>([]);
  useMemo(() => {
    live.current = [];
  }, [show, gateway]);
  useSignalEffect(() => {
    const reading = house.gateway.value?.reading;
    const time = reading && timeOf(reading);
    if (!reading || time === undefined || time / 1000 <= (live.current.at(-1)?.time ?? 0)) return;
    live.current.push({ time: time / 1000, values: valuesIn(reading, show) });
    if (live.current.length > MOST_LIVE) live.current.splice(0, MOST_LIVE / 4);
  });
  return live.current;
}

function stepped(time: number, step: number): number {
  return Math.floor(time / step) * step;
}
