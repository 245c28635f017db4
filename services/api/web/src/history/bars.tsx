import { useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import type { Day } from "./calendar";
import {
  type Canvas,
  columnPath,
  edgesOf,
  extentOf,
  indexAt,
  type Scale,
  scaleFor,
  snapTo,
  stackPath,
  yOf,
} from "./geometry";
import type { Labels } from "./labels";
import { netOf, type Quantity } from "./quantity";
import { PATTERNED, Patterns } from "./swatch";
import type { Bar, Table, UsageAnswer } from "./table";
import type { View } from "./view";
import { barText, partsIn } from "./words";

interface Props {
  view: View;
  day: Day;
  table: Table;
  answer: UsageAnswer;
  now: number;
  index: number | undefined;
  labels: Labels;
  onPoint: (index: number) => void;
  onZoom: (bar: Bar) => void;
  onOut: () => void;
  onStep: (steps: number) => void;
}

const TOP = 14;
const BOTTOM = 24;
const SWIPE_PX = 56;
/** Bars narrower than this have neither patterns nor net marks. */
const FINE_PX = 7;

/** The bars: pointed at by mouse, finger or keys, opened by click or Enter, walked by a swipe. */
export function Bars(props: Props) {
  const { view, table, index, labels, onZoom } = props;
  const box = useRef<HTMLDivElement>(null);
  const [size, setSize] = useState<readonly [number, number]>([0, 0]);
  useLayoutEffect(() => {
    const host = box.current;
    if (!host) return;
    const measure = () => setSize([host.clientWidth, host.clientHeight]);
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(host);
    return () => observer.disconnect();
  }, []);
  const { bars } = table;
  const gutter = gutterOf(table, view.quantity, labels, size[1]);
  const press = keysOf(props);
  const touch = useTouch(props, gutter.width, size[0]);
  const bar = index === undefined ? undefined : bars[index];
  return (
    <div
      ref={box}
      class="bar-chart"
      role="slider"
      tabIndex={0}
      aria-label={labels.format.text("history.chart", { period: labels.title(view, props.day) })}
      aria-valuemin={0}
      aria-valuemax={Math.max(bars.length - 1, 0)}
      aria-valuenow={index ?? 0}
      aria-valuetext={bar ? barText(bar, view, labels, table, props.answer.currency) : ""}
      data-testid="history-chart"
      data-shown={`${view.span}-${view.unit}`}
      data-bars={bars.length}
      onKeyDown={press}
      onPointerDown={touch.onPointerDown}
      onPointerMove={touch.onPointerMove}
      onPointerUp={touch.onPointerUp}
      onPointerCancel={touch.onPointerCancel}
      onClick={(event) => {
        if (touch.ignoresClick()) return;
        const at = touch.at(event);
        const clicked = at === undefined ? undefined : bars[at];
        if (clicked && clicked.state !== "future") onZoom(clicked);
      }}
    >
      {size[0] > 0 && <Drawing {...props} width={size[0]} height={size[1]} gutter={gutter} />}
    </div>
  );
}

interface Gutter {
  width: number;
  scale: Scale;
  marks: readonly string[];
}

/** The scale and the room that its figures need. */
function gutterOf(table: Table, quantity: Quantity, labels: Labels, height: number): Gutter {
  const [low, high] = extentOf(table.bars);
  const unit = 10 ** quantity.places;
  const lines = Math.max(2, Math.round((height - TOP - BOTTOM) / 46));
  const scale = scaleFor(low, high, lines, quantity.name === "cost" ? unit / 100 : unit / 1000);
  const step = (scale.ticks[1] ?? 1) - (scale.ticks[0] ?? 0);
  const digits = Math.min(3, Math.max(0, Math.ceil(-Math.log10(step / unit) - 1e-9), step % unit ? 1 : 0));
  const marks = scale.ticks.map((tick) => labels.format.number(tick / unit, tick === 0 ? 0 : digits));
  return { width: Math.max(...marks.map(({ length }) => length)) * 6.6 + 10, scale, marks };
}

function Drawing(props: Props & { width: number; height: number; gutter: Gutter }) {
  const { view, table, index, labels, gutter, width, height, now } = props;
  const { bars } = table;
  const canvas: Canvas = {
    width: width - gutter.width,
    height: height - TOP - BOTTOM,
    scale: gutter.scale,
    count: bars.length,
    snap: snapTo(devicePixelRatio),
  };
  const shapes = useMemo(
    () => <Shapes canvas={canvas} view={view} table={table} />,
    [table, width, height, gutter.width, view.quantity],
  );
  const axis = useMemo(() => labels.axis(bars, view, canvas.width), [bars, canvas.width, labels]);
  const pointed = index === undefined ? undefined : edgesOf(canvas, index);
  const zero = yOf(canvas, 0);
  const unit = view.quantity.name === "cost" ? (props.answer.currency ?? "") : view.quantity.unit;
  return (
    <svg class="drawing" width={width} height={height} aria-hidden="true">
      <Patterns />
      <text class="unit" x={gutter.width - 8} y="9" text-anchor="end">
        {unit}
      </text>
      {gutter.scale.ticks.map((tick, place) => {
        const y = TOP + yOf(canvas, tick);
        return (
          <g key={tick} class={tick === 0 ? "zero" : "line"}>
            <line x1={gutter.width} x2={width} y1={y} y2={y} />
            {(place < gutter.marks.length - 1 || y > 22) && (
              <text x={gutter.width - 8} y={y + 3.5} text-anchor="end">
                {gutter.marks[place]}
              </text>
            )}
          </g>
        );
      })}
      <g transform={`translate(${gutter.width} ${TOP})`}>
        {pointed && (
          <rect
            class="pointed"
            x={pointed[0] - 2}
            width={Math.max(pointed[1] - pointed[0], 1) + 4}
            height={canvas.height}
          />
        )}
        {shapes}
        <line class="zero-line" x1="0" x2={canvas.width} y1={zero} y2={zero} />
        <ChangeMarks bars={bars} canvas={canvas} />
        {axis.map(({ at, text, from }) => (
          <g key={at} class="label">
            {from !== undefined && from > 0 && (
              <line
                x1={from * canvas.width}
                x2={from * canvas.width}
                y1={canvas.height}
                y2={canvas.height + 6}
              />
            )}
            <text x={at * canvas.width} y={canvas.height + 18} text-anchor="middle">
              {text}
            </text>
          </g>
        ))}
        <NowMark bars={bars} canvas={canvas} now={now} />
      </g>
    </svg>
  );
}

/** All bars of a tone in one path, so that a year of days draws as fast as a week. */
function Shapes({ canvas, view, table }: { canvas: Canvas; view: View; table: Table }) {
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

function ChangeMarks({ bars, canvas }: { bars: readonly Bar[]; canvas: Canvas }) {
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

function NowMark({ bars, canvas, now }: { bars: readonly Bar[]; canvas: Canvas; now: number }) {
  const index = bars.findIndex(({ from, to }) => from <= now && now < to);
  const bar = bars[index];
  if (!bar) return null;
  const x = ((index + 0.5) * canvas.width) / canvas.count;
  return <path class="now-mark" d={`M${x - 4} ${canvas.height + 6}h8l-4 -5z`} />;
}

/** Arrows point and go on beyond the edge, Enter opens, Escape goes back out, Page keys walk. */
function keysOf({ table, index, onPoint, onZoom, onOut, onStep }: Props): (event: KeyboardEvent) => void {
  const last = table.bars.length - 1;
  const at = index ?? last;
  const aim = (to: number) => (to < 0 || to > last ? onStep(Math.sign(to)) : onPoint(to));
  const open = () => {
    const bar = table.bars[at];
    if (bar && bar.state !== "future") onZoom(bar);
  };
  const keys: Record<string, () => void> = {
    ArrowLeft: () => aim(at - 1),
    ArrowRight: () => aim(at + 1),
    Home: () => aim(0),
    End: () => aim(last),
    PageUp: () => onStep(-1),
    PageDown: () => onStep(1),
    Enter: open,
    "+": open,
    Escape: onOut,
    "-": onOut,
  };
  return (event) => {
    const act = event.altKey || event.ctrlKey || event.metaKey ? undefined : keys[event.key];
    if (!act) return;
    event.preventDefault();
    event.stopPropagation();
    act();
  };
}

/** A mouse points as it moves; a finger points by a tap, opens what it tapped before, and walks by a swipe. */
function useTouch({ table, index, onPoint, onStep }: Props, left: number, width: number) {
  const start = useRef<{ x: number; y: number; pointed: number | undefined } | undefined>(undefined);
  const ignore = useRef(false);
  const at = (event: MouseEvent): number | undefined => {
    const host = event.currentTarget;
    if (!(host instanceof Element)) return undefined;
    return indexAt(event.clientX - host.getBoundingClientRect().left - left, width - left, table.bars.length);
  };
  return {
    at,
    ignoresClick: () => ignore.current,
    onPointerDown: (event: PointerEvent) => {
      ignore.current = false;
      if (event.pointerType === "mouse") return;
      start.current = { x: event.clientX, y: event.clientY, pointed: index };
    },
    onPointerMove: (event: PointerEvent) => {
      const found = event.pointerType === "mouse" ? at(event) : undefined;
      if (found !== undefined && found !== index) onPoint(found);
    },
    onPointerUp: (event: PointerEvent) => {
      const from = start.current;
      start.current = undefined;
      if (!from) return;
      const [x, y] = [event.clientX - from.x, event.clientY - from.y];
      ignore.current = true;
      if (Math.abs(x) > SWIPE_PX && Math.abs(x) > 2 * Math.abs(y)) return onStep(x < 0 ? 1 : -1);
      const found = at(event);
      if (found === undefined || Math.abs(x) + Math.abs(y) > 12) return;
      if (found === from.pointed) ignore.current = false;
      else onPoint(found);
    },
    onPointerCancel: () => {
      start.current = undefined;
    },
  };
}
