import type { Format } from "../format/format";
import { dayAt, isoDay, midnight, parseDay } from "../history/calendar";
import { Choices, DateField, StepButton } from "../parts/controls";
import { edges, PRESETS, type Preset, type Range } from "./range";

const DAY_MS = 86_400_000;

interface Props {
  title: string;
  range: Range;
  now: number;
  format: Format;
  onStep: (way: -1 | 1) => void;
  onPreset: (width: number) => void;
  onFollow: () => void;
  onIn: () => void;
  onOut: () => void;
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
  const { title, range, now, format, onGo } = props;
  const [from, to] = edges(range, now);
  const today = dayAt(now, format.zone);
  const preset = PRESETS.find(([, width]) => width === range.width)?.[0];
  return (
    <header class="walker">
      <div class="walk">
        <StepButton way="back" label={format.text("history.back")} onPress={() => props.onStep(-1)} />
        <div class="place">
          <h2 id="power-title" data-testid="power-title">
            {title}
          </h2>
          <p class="ways">
            <button type="button" class="by-way" data-testid="power-in" onClick={props.onIn}>
              {format.text("curve.in")}
            </button>
            <button type="button" class="by-way" data-testid="power-out" onClick={props.onOut}>
              {format.text("history.out")}
            </button>
            {range.end !== undefined && (
              <button type="button" class="by-way" data-testid="power-follow" onClick={props.onFollow}>
                {format.text("curve.now")}
              </button>
            )}
          </p>
        </div>
        <StepButton
          way="on"
          label={format.text("history.on")}
          disabled={range.end === undefined}
          onPress={() => props.onStep(1)}
        />
        <DateField
          label={format.text("history.date")}
          value={isoDay(dayAt((from + to) / 2, format.zone))}
          max={isoDay(today)}
          onChoose={(text) => {
            const day = parseDay(text);
            if (day === undefined) return;
            const begin = midnight(day, format.zone);
            const width = Math.max(range.width, midnight(day + 1, format.zone) - begin);
            const middle = begin + Math.min(width, DAY_MS) / 2;
            const end = width > DAY_MS * 1.5 ? middle + width / 2 : begin + width;
            onGo(end >= now ? { width } : { width, end });
          }}
        />
      </div>
      <Choices
        label={format.text("history.span")}
        kind="presets"
        chosen={preset ?? ("" as Preset)}
        options={PRESETS.map(([name]) => [name, format.text(PRESET_TEXTS[name])])}
        onChoose={(name) => props.onPreset(PRESETS.find(([each]) => each === name)?.[1] ?? range.width)}
      />
    </header>
  );
}
