import type { Format } from "../format/format";
import { dayAt, isoDay, midnight, parseDay } from "../history/calendar";
import { Choices, DateField, StepButton } from "../parts/controls";
import type { RangeMoves } from "./power-page";
import { edges, PRESETS, type Preset, panned, type Range } from "./range";

interface Props {
  title: string;
  range: Range;
  now: number;
  format: Format;
  moves: RangeMoves;
  onGo: (range: Range) => void;
}

const PRESET_TEXTS = {
  "10m": "curve.10m",
  "1h": "curve.1h",
  "6h": "curve.6h",
  "1d": "curve.1d",
  "1w": "curve.1w",
  "1mo": "curve.1mo",
  "1y": "curve.1y",
  "10y": "curve.10y",
} as const satisfies Record<Preset, string>;

/** Which time is in sight, and the ways to another. */
export function PowerHeader(props: Props) {
  const { title, range, now, format, moves, onGo } = props;
  const [from, to] = edges(range, now);
  const today = dayAt(now, format.zone);
  const preset = PRESETS.find(([, width]) => width === range.width)?.[0];
  return (
    <header class="walker">
      <div class="walk">
        <StepButton
          way="back"
          label={format.text("history.back")}
          onPress={() => onGo(panned(range, now, -1))}
        />
        <div class="place">
          <h2 id="power-title" data-testid="power-title">
            {title}
          </h2>
          <p class="ways">
            <button type="button" class="by-way" data-testid="power-in" onClick={moves.closer}>
              {format.text("curve.in")}
            </button>
            <button type="button" class="by-way" data-testid="power-out" onClick={moves.out}>
              {format.text("history.out")}
            </button>
            {range.end !== undefined && (
              <button
                type="button"
                class="by-way"
                data-testid="power-follow"
                onClick={() => onGo({ width: range.width })}
              >
                {format.text("curve.now")}
              </button>
            )}
          </p>
        </div>
        <StepButton
          way="on"
          label={format.text("history.on")}
          disabled={range.end === undefined}
          onPress={() => onGo(panned(range, now, 1))}
        />
        <DateField
          label={format.text("history.date")}
          value={isoDay(dayAt((from + to) / 2, format.zone))}
          max={isoDay(today)}
          onChoose={(text) => jump(text, range, now, format.zone, onGo)}
        />
      </div>
      <Choices
        label={format.text("history.span")}
        kind="presets"
        chosen={preset ?? ("" as Preset)}
        options={PRESETS.map(([name]) => [name, format.text(PRESET_TEXTS[name])])}
        onChoose={(name) => onGo(moves.widen(PRESETS.find(([each]) => each === name)?.[1] ?? range.width))}
      />
    </header>
  );
}

/** To a day: all of it, or as much around it as was in sight. */
function jump(text: string, range: Range, now: number, zone: string, go: (range: Range) => void): void {
  const day = parseDay(text);
  if (day === undefined) return;
  const [begin, next] = [midnight(day, zone), midnight(day + 1, zone)];
  const width = Math.max(range.width, next - begin);
  const end = (begin + next) / 2 + width / 2;
  go(end >= now ? { width } : { width, end });
}
