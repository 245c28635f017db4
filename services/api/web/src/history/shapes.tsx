import { type Canvas, columnPath, edgesOf, stackPath, TOP, yOf } from "./geometry";
import { netOf } from "./quantity";
import { PATTERNED } from "./swatch";
import type { Bar, Table } from "./table";
import type { View } from "./view";
import { partsIn } from "./words";

/** Bars narrower than this have neither patterns nor net marks. */
const FINE_PX = 7;

/** All bars of a tone in one path, so that a year of days draws as fast as a week. */
export function Shapes({ canvas, view, table }: { canvas: Canvas; view: View; table: Table }) {
  const { bars } = table;
  const parts = partsIn(table.total, view.quantity);
  const names = parts.map(({ name }) => name);
  const done = bars.map((bar) => (bar.state === "whole" ? bar.amounts : undefined));
  const open = bars.map((bar) => (bar.state === "whole" ? undefined : bar.amounts));
  const before = bars.some((bar) => bar.before) ? bars.map((bar) => bar.before) : undefined;
  const fine = canvas.width / canvas.count >= FINE_PX;
  return (
    <>
      <path class="hole" d={holePath(canvas, bars)} />
      {before &&
        names.map((name) => (
          <path key={name} class="before" d={stackPath({ ...canvas, behind: true }, before, names, name)} />
        ))}
      {parts.map(({ name, tone }) => (
        <g key={name} class={`tone-${tone}`}>
          <path class="fill" d={stackPath(canvas, done, names, name)} />
          <path class="fill open" d={stackPath(canvas, open, names, name)} />
          {parts.length > 2 && fine && PATTERNED.includes(tone) && (
            <path d={stackPath(canvas, done, names, name)} fill={`url(#pattern-${tone})`} />
          )}
        </g>
      ))}
      {parts.length > 1 && fine && <path class="net" d={netPath(canvas, bars)} />}
    </>
  );
}

/** Holes where they lie; a bar that has one of which no more is told, as a whole. */
function holePath(canvas: Canvas, bars: readonly Bar[]): string {
  const told = bars.map(({ from, to, holes, state }) =>
    state === "future"
      ? []
      : holes.map((hole) => [
          Math.max(0, (hole.from - from) / (to - from)),
          Math.min(1, (hole.to - from) / (to - from)),
        ]),
  );
  return bars
    .flatMap((bar, index) =>
      (bar.gap && bar.changes.length === 0 ? [[0, 1]] : (told[index] ?? [])).map(([begin = 0, end = 1]) =>
        columnPath(canvas, index + begin, index + end),
      ),
    )
    .join("");
}

function netPath(canvas: Canvas, bars: readonly Bar[]): string {
  return bars
    .map(({ amounts }, index) => {
      const net = netOf(amounts);
      if (net === undefined) return "";
      const [left, right] = edgesOf(canvas, index);
      return `M${left - 1} ${yOf(canvas, net)}H${right + 1}`;
    })
    .join("");
}

/** Where another meter begins. */
export function ChangeMarks({ bars, canvas }: { bars: readonly Bar[]; canvas: Canvas }) {
  return (
    <>
      {bars.flatMap((bar, index) =>
        bar.changes.map(({ at, kind }) => {
          const x = canvas.snap(
            ((index + (at - bar.from) / (bar.to - bar.from)) * canvas.width) / canvas.count,
          );
          return (
            <g key={`${kind}${at}`} class="change" data-testid="history-change">
              <line x1={x} x2={x} y1={-TOP + 8} y2={canvas.height} />
              <path d={`M${x - 5} ${-TOP + 6}h10l-5 6z`} />
            </g>
          );
        }),
      )}
    </>
  );
}

/** Which bar is running. */
export function NowMark({ bars, canvas, now }: { bars: readonly Bar[]; canvas: Canvas; now: number }) {
  const index = bars.findIndex(({ from, to }) => from <= now && now < to);
  const bar = bars[index];
  if (!bar) return null;
  const x = ((index + 0.5) * canvas.width) / canvas.count;
  return <path class="now-mark" d={`M${x - 4} ${canvas.height + 6}h8l-4 -5z`} />;
}
