import "uplot/dist/uPlot.min.css";
import "./power.css";
import { useSignalEffect } from "@preact/signals";
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import type { Reading } from "../api/reading";
import { timeOf } from "../api/reading";
import { Source } from "../api/source";
import { Choices } from "../parts/controls";
import type { PlaceProps } from "../route";
import { TimeWords } from "./axis";
import { Chart } from "./chart";
import { type Curve, composed, curveOf, grown, type Live, type PowerAnswer } from "./curve";
import { PowerHeader } from "./header";
import { between, binsFor, edges, panned, type Range, rangeOf, rangeQuery, widened, zoomed } from "./range";
import { Readout, readingText } from "./readout";
import { fieldsOf, linesIn, SHOWS, type Show, type ShowName, showsOf, valuesIn } from "./show";

const PATH = "/power";
const SETTLE_MS = 150;
const RETRY_MS = 5_000;
const MOST_LIVE = 4_000;
/** With bins longer than this, single readings would stand out from them. */
const LIVE_STEP_S = 60;
const REFRESH_MS = 30_000;

/** The curve of power, voltage or current over any time, from ten minutes to ten years. */
export function PowerPage({ house, preferences, format, route }: PlaceProps) {
  const gateway = house.gateway.value?.name;
  const reading = house.gateway.value?.reading;
  const names = showsOf(reading);
  const query = route.query.value;
  const name = names.find((each) => each === query.show) ?? names[0] ?? "power";
  const show = useShow(name, reading);
  const source = useMemo(
    () => new Source<Curve, Show>(house.client, (answer, about) => curveOf(answer as PowerAnswer, about)),
    [house, gateway, show],
  );
  const words = useMemo(() => new TimeWords(format), [format]);
  const [pixels, measure] = useState(Math.min(innerWidth, 1180) - 100);
  const [cursor, point] = useState<number | undefined>(undefined);
  const [moving, move] = useState<Range | undefined>(undefined);

  const asked = useMemo(() => rangeOf(query), [query]);
  const range = moving ?? asked;
  const now = stepped(house.now.value && house.meterNow(), Math.max(1000, range.width / 2000));
  const [from, to] = edges(range, now).map((edge) => edge / 1000) as [number, number];

  const go = (next: Range, replace = false) =>
    route.go(PATH, { ...(name === "power" ? {} : { show: name }), ...rangeQuery(next) }, { replace });
  useEffect(() => move(undefined), [query]);
  useEffect(() => {
    if (!moving) return;
    const settle = setTimeout(() => go(moving, true), SETTLE_MS);
    return () => clearTimeout(settle);
  }, [moving]);

  const refresh = Math.max(REFRESH_MS, range.width / 1000);
  const known = range.end === undefined ? Math.ceil(house.meterNow() / refresh) * refresh : range.end;
  const bins = binsFor([known - range.width, known], pixels);
  const power = {
    from: new Date(bins.from).toISOString(),
    to: new Date(bins.to).toISOString(),
    points: String(bins.points),
    fields: fieldsOf(show).join(),
  };
  const key = JSON.stringify(power);
  const final = bins.to < house.meterNow() - 2 * REFRESH_MS;
  const ask = () => {
    if (gateway !== undefined)
      void source.ask({ key, about: show, path: `meters/${gateway}/power`, query: power, final });
  };
  useEffect(() => {
    if (!moving) ask();
  }, [source, key, moving === undefined]);
  useEffect(() => () => source.stop(), [source]);
  const failed = source.failed.value;
  useEffect(() => {
    if (!failed) return;
    const retry = setInterval(ask, RETRY_MS);
    return () => clearInterval(retry);
  }, [failed, source, key]);

  const live = useLive(house, show, gateway);
  const answered = source.shown.value;
  const curve = useMemo(() => {
    const past = composed(
      source.recent().map(({ answer }) => answer),
      from,
      to,
    );
    const follows = range.end === undefined && (past?.step ?? 1) <= LIVE_STEP_S;
    return follows ? grown(past, live) : past;
  }, [source, answered, from, to, live.length, range.end]);

  const act = (next: Range) => move(next);
  const moves = {
    zoom: (factor: number, share: number) =>
      act(zoomed(range, now, factor, range.end === undefined && share > 0.95 ? 1 : share)),
    pan: (share: number) => act(panned(range, now, share)),
    out: () => act(zoomed(range, now, 3, range.end === undefined ? 1 : 0.5)),
  };
  const title = words.span(from, to);
  const kept = range.width > 2 * 86_400_000 && (name === "phases" || name === "current");
  return (
    <div class="power-page" aria-busy={source.busy.value}>
      <Choices
        label={format.text("curve.show")}
        kind="quantities"
        chosen={name}
        options={names.map((each) => [each, format.text(SHOW_TEXTS[each])])}
        onChoose={(each) =>
          route.go(
            PATH,
            { ...(each === "power" ? {} : { show: each }), ...rangeQuery(range) },
            { replace: true },
          )
        }
      />
      <section class="panel" aria-labelledby="power-title">
        <PowerHeader
          title={title}
          range={range}
          now={now}
          format={format}
          onStep={(way) => go(panned(range, now, way))}
          onPreset={(width) => go(widened(range, now, width))}
          onFollow={() => go({ width: range.width })}
          onIn={() => moves.zoom(1 / 3, range.end === undefined ? 1 : 0.5)}
          onOut={moves.out}
          onGo={go}
        />
        <Readout
          curve={curve}
          show={show}
          cursor={cursor}
          from={from}
          to={to}
          words={words}
          format={format}
        />
        {failed && (
          <p class="trouble" role="alert">
            {format.text("history.failed")}
          </p>
        )}
        <Chart
          show={show}
          curve={curve}
          from={from}
          to={to}
          format={format}
          theme={preferences.theme.value}
          label={format.text("curve.chart", { what: format.text(SHOW_TEXTS[name]), span: title })}
          told={readingText(curve, show, cursor, from, to, words, format)}
          moves={moves}
          onSelect={(begin, end) => go(between(begin * 1000, end * 1000, now))}
          onCursor={point}
          onWidth={measure}
        />
        <footer class="power-tools">
          <p class="hint">
            {kept ? (
              format.text("curve.kept")
            ) : (
              <>
                <span class="fine">{format.text("curve.hint")}</span>
                <span class="coarse">{format.text("curve.touch")}</span>
              </>
            )}
          </p>
          {gateway !== undefined && (
            <a
              class="plain"
              download=""
              data-testid="power-csv"
              href={house.client.url(`meters/${gateway}/power.csv`, power)}
            >
              {format.text("history.csv")}
            </a>
          )}
        </footer>
      </section>
    </div>
  );
}

const SHOW_TEXTS = {
  power: "curve.power",
  phases: "curve.phases",
  voltage: "curve.voltage",
  current: "curve.current",
} as const satisfies Record<ShowName, string>;

/** A show of the lines that the meter has; the same object as long as these are the same. */
function useShow(name: ShowName, reading: Reading | undefined): Show {
  const lines = linesIn(SHOWS[name], reading)
    .lines.map((line) => line.name)
    .join();
  return useMemo(() => linesIn(SHOWS[name], reading), [name, lines]);
}

/** What has come in since the page was opened; it is a new list for another gateway or show. */
function useLive(house: PlaceProps["house"], show: Show, gateway: string | undefined): readonly Live[] {
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
