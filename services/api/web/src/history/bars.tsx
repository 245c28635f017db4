import { useLayoutEffect, useRef, useState } from "preact/hooks";
import type { Day } from "./calendar";
import { Drawing, gutterOf } from "./drawing";
import { indexAt } from "./geometry";
import type { Labels } from "./labels";
import type { Bar, Table, UsageAnswer } from "./table";
import type { View } from "./view";
import { barText } from "./words";

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

const SWIPE_PX = 56;
const TAP_PX = 12;

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
      if (found === undefined || Math.abs(x) + Math.abs(y) > TAP_PX) return;
      if (found === from.pointed) ignore.current = false;
      else onPoint(found);
    },
    onPointerCancel: () => {
      start.current = undefined;
    },
  };
}
