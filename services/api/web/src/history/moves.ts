import { useEffect } from "preact/hooks";
import type { Route } from "../route";
import { bounds, type Day, dayAt, walk } from "./calendar";
import type { Bar } from "./table";
import { inward, outward, queryOf, type View } from "./view";

/** Where one can go from a view. */
export interface Moves {
  go: (view: View, replace?: boolean) => void;
  /** To the spans before or after. */
  step: (steps: number) => void;
  /** The same, with the cursor at the near edge. */
  stepAlong: (steps: number) => void;
  zoom: (bar: Bar) => void;
  leave: (() => void) | undefined;
}

interface Place {
  route: Route;
  view: View;
  day: Day;
  today: Day;
  zone: string;
  bars: readonly Bar[];
  /** Put the cursor at a time. */
  point: (time: number | undefined) => void;
}

export function movesFrom({ route, view, day, today, zone, bars, point }: Place): Moves {
  const go = (next: View, replace = false) => route.go("/history", queryOf(next), { replace });
  const step = (steps: number) => {
    const to = walk(view.span, view.unit, day, steps);
    if (steps > 0 && bounds(view.span, view.unit, to)[0] > today) return;
    go({ ...view, day: to >= today ? undefined : to });
  };
  const outer = outward(view, today);
  return {
    go,
    step,
    stepAlong: (steps) => {
      const [first, last] = [bars[0], bars.at(-1)];
      point(steps < 0 ? first && first.from - 1 : last?.to);
      step(steps);
    },
    zoom: (bar) => {
      point(bar.from);
      const inner = inward(view, dayAt(bar.from, zone));
      if (inner) go(inner);
      else if (view.quantity.name === "electricity") route.go("/power", spanOf(bar));
    },
    leave:
      outer &&
      (() => {
        const middle = bars[Math.floor(bars.length / 2)];
        point(middle && (middle.from + middle.to) / 2);
        go(outer);
      }),
  };
}

function spanOf({ from, to }: Bar): Record<string, string> {
  return { from: new Date(from).toISOString(), to: new Date(to).toISOString() };
}

const OWN_KEYS = "input, select, textarea, [role=slider]";

/** Arrow keys walk, wherever they do nothing else. */
export function useArrows(step: (steps: number) => void): void {
  useEffect(() => {
    const press = (event: KeyboardEvent) => {
      const steps = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
      const modified = event.altKey || event.ctrlKey || event.metaKey || event.shiftKey;
      if (steps === undefined || modified || event.defaultPrevented) return;
      if (event.target instanceof Element && event.target.closest(OWN_KEYS)) return;
      event.preventDefault();
      step(steps);
    };
    addEventListener("keydown", press);
    return () => removeEventListener("keydown", press);
  });
}
