import "uplot/dist/uPlot.min.css";
import "./power.css";
import { useMemo, useState } from "preact/hooks";
import type { Reading } from "../api/reading";
import { Choices } from "../parts/controls";
import type { PlaceProps } from "../route";
import { TimeWords } from "./axis";
import { Chart } from "./chart";
import { PATH, queryFor, type Seen, useCurve, useRange } from "./following";
import { PowerHeader } from "./header";
import { between, panned, type Range, widened, zoomed } from "./range";
import { Readout, readingText } from "./readout";
import { linesIn, SHOWS, type Show, type ShowName, showsOf } from "./show";

const SHOW_TEXTS = {
  power: "curve.power",
  phases: "curve.phases",
  voltage: "curve.voltage",
  current: "curve.current",
} as const satisfies Record<ShowName, string>;

/** Longer than this, what is kept only as readings may be gone. */
const KEPT_MS = 2 * 86_400_000;

/** The curve of power, voltage or current over any time, from ten minutes to ten years. */
export function PowerPage({ house, preferences, format, route }: PlaceProps) {
  const reading = house.gateway.value?.reading;
  const names = showsOf(reading);
  const name = names.find((each) => each === route.query.value.show) ?? names[0] ?? "power";
  const show = useShow(name, reading);
  const words = useMemo(() => new TimeWords(format), [format]);
  const [pixels, measure] = useState(Math.min(innerWidth, 1180) - 100);
  const [cursor, point] = useState<number | undefined>(undefined);
  const [range, move, moving] = useRange(route, name);
  const seen = useCurve(house, show, range, moving, pixels);
  const [from, to] = [seen.from / 1000, seen.to / 1000];
  const go = (next: Range) => route.go(PATH, queryFor(name, next));
  const moves = movesOf(range, seen.now, move);
  const read = { curve: seen.curve, show, cursor, from, to, words, format };
  const title = words.span(from, to);
  return (
    <div class="power-page" aria-busy={seen.busy || undefined}>
      <Choices
        label={format.text("curve.show")}
        kind="quantities"
        chosen={name}
        options={names.map((each) => [each, format.text(SHOW_TEXTS[each])])}
        onChoose={(each) => route.go(PATH, queryFor(each, range), { replace: true })}
      />
      <section class="panel" aria-labelledby="power-title">
        <PowerHeader title={title} range={range} now={seen.now} format={format} moves={moves} onGo={go} />
        <Readout {...read} />
        {seen.failed && (
          <p class="trouble" role="alert">
            {format.text("history.failed")}
          </p>
        )}
        <Chart
          show={show}
          curve={seen.curve}
          from={from}
          to={to}
          format={format}
          theme={preferences.theme.value}
          label={format.text("curve.chart", { what: format.text(SHOW_TEXTS[name]), span: title })}
          told={readingText(read)}
          moves={moves}
          onSelect={(begin, end) => go(between(begin * 1000, end * 1000, seen.now))}
          onCursor={point}
          onWidth={measure}
        />
        <Foot seen={seen} kept={range.width > KEPT_MS && "phases current".includes(name)} format={format} />
      </section>
    </div>
  );
}

/** What a gesture, a key or a button does to the range; one that ends now keeps that end. */
function movesOf(range: Range, now: number, move: (range: Range) => void) {
  const follows = range.end === undefined;
  return {
    zoom: (factor: number, share: number) =>
      move(zoomed(range, now, factor, follows && share > 0.95 ? 1 : share)),
    pan: (share: number) => move(panned(range, now, share)),
    widen: (width: number) => widened(range, now, width),
    closer: () => move(zoomed(range, now, 1 / 3, follows ? 1 : 0.5)),
    out: () => move(zoomed(range, now, 3, follows ? 1 : 0.5)),
  };
}

export type RangeMoves = ReturnType<typeof movesOf>;

function Foot({ seen, kept, format }: { seen: Seen; kept: boolean; format: PlaceProps["format"] }) {
  return (
    <footer class="power-tools">
      {kept ? (
        <p class="hint">{format.text("curve.kept")}</p>
      ) : (
        <p class="hint">
          <span class="fine">{format.text("curve.hint")}</span>
          <span class="coarse">{format.text("curve.touch")}</span>
        </p>
      )}
      {seen.csv !== undefined && (
        <a class="flat" download="" data-testid="power-csv" href={seen.csv}>
          {format.text("history.csv")}
        </a>
      )}
    </footer>
  );
}

/** A show of the lines that the meter has; the same object as long as these are the same. */
function useShow(name: ShowName, reading: Reading | undefined): Show {
  const lines = linesIn(SHOWS[name], reading)
    .lines.map((line) => line.name)
    .join();
  return useMemo(() => linesIn(SHOWS[name], reading), [name, lines]);
}
