/** What a person does with the plot; shares are of its width, from the left. */
export interface Moves {
  zoom: (factor: number, share: number) => void;
  pan: (share: number) => void;
  out: () => void;
  point: (x: number) => void;
}

interface Finger {
  x: number;
  y: number;
}

const WHEEL_STEP = 0.0016;
const TAP_PX = 8;

/** Wheel, pinch and drag on an element; give back what stops listening. */
export function listen(area: HTMLElement, moves: Moves): () => void {
  const stop = new AbortController();
  const { signal } = stop;
  const fingers = new Fingers(area, moves);
  area.addEventListener("wheel", (event) => wheel(area, event, moves), { passive: false, signal });
  area.addEventListener("pointerdown", (event) => fingers.down(event), { signal });
  area.addEventListener("pointermove", (event) => fingers.move(event), { signal });
  for (const kind of ["pointerup", "pointercancel"] as const)
    area.addEventListener(kind, (event) => fingers.up(event, kind === "pointerup"), { signal });
  return () => stop.abort();
}

function wheel(area: HTMLElement, event: WheelEvent, { zoom, pan }: Moves): void {
  event.preventDefault();
  const box = area.getBoundingClientRect();
  const lines = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? 33 : 1;
  if (Math.abs(event.deltaX) > Math.abs(event.deltaY)) pan((event.deltaX * lines) / box.width);
  else zoom(Math.exp(event.deltaY * lines * WHEEL_STEP), (event.clientX - box.left) / box.width);
}

/** One finger, or the mouse with Shift, moves; two zoom. */
class Fingers {
  private readonly on = new Map<number, Finger>();
  private travelled = 0;

  constructor(
    private readonly area: HTMLElement,
    private readonly moves: Moves,
  ) {}

  down(event: PointerEvent): void {
    if (event.pointerType === "mouse" && !(event.shiftKey && event.button === 0)) return;
    this.area.setPointerCapture(event.pointerId);
    if (this.on.size === 0) this.travelled = 0;
    this.on.set(event.pointerId, { x: event.clientX, y: event.clientY });
  }

  move(event: PointerEvent): void {
    const before = this.on.get(event.pointerId);
    if (!before) return;
    const now = { x: event.clientX, y: event.clientY };
    const box = this.area.getBoundingClientRect();
    const other = [...this.on].find(([id]) => id !== event.pointerId)?.[1];
    this.travelled += Math.abs(now.x - before.x);
    this.on.set(event.pointerId, now);
    if (!other) {
      if (this.travelled > TAP_PX) this.moves.pan((before.x - now.x) / box.width);
      return;
    }
    const apart = (finger: Finger) => Math.max(Math.hypot(finger.x - other.x, finger.y - other.y), 10);
    const middle = (now.x + other.x) / 2 - box.left;
    this.moves.zoom(apart(before) / apart(now), middle / box.width);
    this.moves.pan((before.x - now.x) / 2 / box.width);
  }

  up(event: PointerEvent, lifted: boolean): void {
    if (!this.on.delete(event.pointerId) || !lifted || event.pointerType === "mouse") return;
    if (this.travelled <= TAP_PX) this.moves.point(event.clientX - this.area.getBoundingClientRect().left);
  }
}
