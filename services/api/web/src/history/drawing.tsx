import { useMemo } from "preact/hooks";
import { BOTTOM, type Canvas, edgesOf, extentOf, type Scale, scaleFor, snapTo, TOP, yOf } from "./geometry";
import type { AxisLabel, Labels } from "./labels";
import type { Quantity } from "./quantity";
import { ChangeMarks, NowMark, Shapes } from "./shapes";
import { Patterns } from "./swatch";
import type { Table, UsageAnswer } from "./table";
import type { View } from "./view";

/** The scale, its figures, and the room that they need on the left. */
export interface Gutter {
  width: number;
  scale: Scale;
  marks: readonly string[];
}

export function gutterOf(table: Table, quantity: Quantity, labels: Labels, height: number): Gutter {
  const [low, high] = extentOf(table.bars);
  const unit = 10 ** quantity.places;
  const lines = Math.max(2, Math.round((height - TOP - BOTTOM) / 46));
  const scale = scaleFor(low, high, lines, quantity.name === "cost" ? unit / 100 : unit / 1000);
  const step = (scale.ticks[1] ?? 1) - (scale.ticks[0] ?? 0);
  const digits = Math.min(3, Math.max(0, Math.ceil(-Math.log10(step / unit) - 1e-9), step % unit ? 1 : 0));
  const marks = scale.ticks.map((tick) => labels.format.number(tick / unit, tick === 0 ? 0 : digits));
  return { width: Math.max(...marks.map(({ length }) => length)) * 6.6 + 10, scale, marks };
}

interface Props {
  view: View;
  table: Table;
  answer: UsageAnswer;
  now: number;
  index: number | undefined;
  labels: Labels;
  width: number;
  height: number;
  gutter: Gutter;
}

/** The bars as a picture. */
export function Drawing({ view, table, answer, now, index, labels, width, height, gutter }: Props) {
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
  const unit = view.quantity.name === "cost" ? (answer.currency ?? "") : view.quantity.unit;
  return (
    <svg class="drawing" width={width} height={height} aria-hidden="true">
      <Patterns />
      <Lines canvas={canvas} gutter={gutter} unit={unit} />
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
        <Axis canvas={canvas} axis={axis} />
        <NowMark bars={bars} canvas={canvas} now={now} />
      </g>
    </svg>
  );
}

function Lines({ canvas, gutter, unit }: { canvas: Canvas; gutter: Gutter; unit: string }) {
  return (
    <>
      <text class="unit" x={gutter.width - 8} y="9" text-anchor="end">
        {unit}
      </text>
      {gutter.scale.ticks.map((tick, place) => {
        const y = TOP + yOf(canvas, tick);
        return (
          <g key={tick} class={tick === 0 ? "zero" : "line"}>
            <line x1={gutter.width} x2={gutter.width + canvas.width} y1={y} y2={y} />
            {(place < gutter.marks.length - 1 || y > 22) && (
              <text x={gutter.width - 8} y={y + 3.5} text-anchor="end">
                {gutter.marks[place]}
              </text>
            )}
          </g>
        );
      })}
    </>
  );
}

function Axis({ canvas, axis }: { canvas: Canvas; axis: readonly AxisLabel[] }) {
  const { width, height } = canvas;
  return (
    <>
      {axis.map(({ at, text, from }) => (
        <g key={at} class="label">
          {from !== undefined && from > 0 && (
            <line x1={from * width} x2={from * width} y1={height} y2={height + 6} />
          )}
          <text x={at * width} y={height + 18} text-anchor="middle">
            {text}
          </text>
        </g>
      ))}
    </>
  );
}
