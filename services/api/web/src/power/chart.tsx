import { useLayoutEffect, useRef } from "preact/hooks";
import type uPlot from "uplot";
import type { Format } from "../format/format";
import type { Theme } from "../preferences";
import type { Curve } from "./curve";
import { listen, type Moves } from "./gestures";
import { dataOf, plotIn } from "./plot";
import type { Show } from "./show";

interface Props {
  show: Show;
  curve: Curve | undefined;
  /** What is in sight, in Unix seconds. */
  from: number;
  to: number;
  format: Format;
  theme: Theme;
  label: string;
  /** What is told of the point under the cursor, or of all that is in sight. */
  told: string;
  moves: Omit<Moves, "point">;
  onSelect: (from: number, to: number) => void;
  onCursor: (index: number | undefined) => void;
  onWidth: (pixels: number) => void;
}

const STEP = 0.2;

/** The curve and every way to move in it. */
export function Chart(props: Props) {
  const { show, curve, from, to, format, theme, moves } = props;
  const box = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | undefined>(undefined);
  const latest = useRef(props);
  latest.current = props;

  useLayoutEffect(() => {
    const host = box.current;
    if (!host) return;
    const made = plotIn({
      host,
      show,
      format,
      bind: {
        mousedown: (_plot, _target, handle) => (event) => (event.shiftKey ? null : handle(event)),
        dblclick: () => () => {
          latest.current.moves.out();
          return null;
        },
      },
      onCursor: (index) => latest.current.onCursor(index),
      onSelect: (begin, end) => latest.current.onSelect(begin, end),
    });
    plot.current = made;
    const size = new ResizeObserver(() => {
      made.setSize({ width: host.clientWidth, height: host.clientHeight });
      latest.current.onWidth(made.over.clientWidth);
    });
    size.observe(host);
    const stop = listen(made.over, {
      zoom: (factor, share) => latest.current.moves.zoom(factor, share),
      pan: (share) => latest.current.moves.pan(share),
      out: () => latest.current.moves.out(),
      point: (x) => made.setCursor({ left: x, top: 10 }),
    });
    draw(made, latest.current);
    return () => {
      stop();
      size.disconnect();
      made.destroy();
      plot.current = undefined;
    };
  }, [show, format, theme]);

  useLayoutEffect(() => {
    if (plot.current) draw(plot.current, latest.current);
  }, [curve, from, to]);

  return (
    <div
      ref={box}
      class="power-chart"
      role="slider"
      tabIndex={0}
      aria-label={props.label}
      aria-valuemin={0}
      aria-valuenow={Math.round(to)}
      aria-valuemax={Math.round(to)}
      aria-valuetext={props.told}
      data-testid="power-chart"
      data-points={curve?.times.length ?? 0}
      data-step={curve?.step ?? 0}
      onKeyDown={(event) => {
        const act =
          event.altKey || event.ctrlKey || event.metaKey ? undefined : keyOf(event, moves, plot.current);
        if (!act) return;
        event.preventDefault();
        event.stopPropagation();
        act();
      }}
    />
  );
}

function draw(plot: uPlot, { curve, show, from, to }: Props): void {
  plot.batch(() => {
    plot.setData(dataOf(curve, show), false);
    plot.setScale("x", { min: from, max: to });
  });
}

function keyOf(
  event: KeyboardEvent,
  moves: Props["moves"],
  plot: uPlot | undefined,
): (() => void) | undefined {
  if (event.shiftKey && event.key.startsWith("Arrow"))
    return () => plot && moveCursor(plot, event.key === "ArrowLeft" ? -1 : 1);
  const keys: Record<string, () => void> = {
    ArrowLeft: () => moves.pan(-STEP),
    ArrowRight: () => moves.pan(STEP),
    PageUp: () => moves.pan(-1),
    PageDown: () => moves.pan(1),
    "+": () => moves.zoom(1 / 2, 0.5),
    "=": () => moves.zoom(1 / 2, 0.5),
    "-": () => moves.zoom(2, 0.5),
    Escape: moves.out,
  };
  return keys[event.key];
}

/** To the next point on a side that there is something at. */
function moveCursor(plot: uPlot, way: number): void {
  const times = plot.data[0];
  const seen = times.findIndex((time) => time >= (plot.scales.x?.max ?? 0));
  let index = (plot.cursor.idx ?? (seen < 0 ? times.length : seen)) + way;
  while (times[index] !== undefined && plot.data[1]?.[index] == null) index += way;
  const time = times[index];
  if (time !== undefined) plot.setCursor({ left: plot.valToPos(time, "x"), top: 10 });
}
