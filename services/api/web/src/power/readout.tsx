import type { Format } from "../format/format";
import type { TimeWords } from "./axis";
import { type Curve, type Point, summary } from "./curve";
import type { Line, Show } from "./show";

interface Read {
  curve: Curve | undefined;
  show: Show;
  cursor: number | undefined;
  from: number;
  to: number;
  words: TimeWords;
  format: Format;
}

const COLUMNS = ["min", "mean", "max"] as const;
const TEXTS = { min: "power.lowest", mean: "power.mean", max: "power.highest" } as const;

/** Lowest, mean and highest: of the point under the cursor, else of all that is in sight. */
export function Readout(props: Read) {
  const { show, format } = props;
  const { when, points } = read(props);
  return (
    <table class="readout" data-testid="power-readout">
      <caption data-testid="power-when">{when}</caption>
      <thead>
        <tr>
          {show.lines.length > 1 && (
            <th scope="col">
              <span class="unseen">{format.text("phase")}</span>
            </th>
          )}
          {COLUMNS.map((column) => (
            <th scope="col" key={column}>
              {format.text(TEXTS[column])}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {show.lines.map((line, place) => (
          <tr key={line.name}>
            {show.lines.length > 1 && (
              <th scope="row">
                <svg class="key" width="18" height="10" aria-hidden="true">
                  <line x1="0" x2="18" y1="5" y2="5" class={`line-${place + 1}`} />
                </svg>
                {lineName(line)}
              </th>
            )}
            {COLUMNS.map((column) => (
              <td key={column} data-testid={`power-${column}`}>
                {value(points[place], column, show, format)}
              </td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function read({ curve, show, cursor, from, to, words, format }: Read): {
  when: string;
  points: (Point | undefined)[];
} {
  const time = cursor === undefined ? undefined : curve?.times[cursor];
  if (!curve || time === undefined || cursor === undefined) {
    const points = show.lines.map((_, place) => curve && summary(curve, place, from, to));
    return { when: format.text("curve.all"), points };
  }
  const points = curve.lines.map(({ min, mean, max }): Point | undefined => {
    const middle = mean[cursor];
    if (typeof middle !== "number") return undefined;
    return { mean: middle, min: min[cursor] ?? middle, max: max[cursor] ?? middle };
  });
  return { when: words.bin(time - curve.step / 2, time + curve.step / 2), points };
}

/** The same in one sentence, for those who hear it. */
export function readingText(reading: Read): string {
  const { show, format } = reading;
  const { when, points } = read(reading);
  const told = points.map((point, place) => {
    const line = show.lines[place];
    const figures = COLUMNS.map((each) => `${format.text(TEXTS[each])} ${value(point, each, show, format)}`);
    return [line && show.lines.length > 1 ? lineName(line) : "", ...figures].filter(Boolean).join(" ");
  });
  return [when, ...told].join(", ");
}

function lineName({ name }: Line): string {
  return name.toUpperCase();
}

function value(
  point: Point | undefined,
  column: keyof Point,
  { unit, digits }: Show,
  format: Format,
): string {
  return point ? `${format.number(rounded(point[column], digits), digits)} ${unit}` : "–";
}

/** Rounded first, so that nothing shows as minus zero. */
function rounded(amount: number, digits: number): number {
  return Math.round(amount * 10 ** digits) / 10 ** digits || 0;
}
