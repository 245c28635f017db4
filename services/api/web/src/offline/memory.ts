import { effect } from "@preact/signals";
import type { House } from "../live/house";
import type { Gateway } from "../live/state";
import type { Today } from "../live/today";

const VERSION = 1;
const EVERY_MS = 30_000;
const MOST_GATEWAYS = 20;
const MOST_POINTS = 360;

/** What is kept of a visit, to be shown when the next one begins without the server. */
export interface Memory {
  version: typeof VERSION;
  zone: string;
  gateways: Gateway[];
  chosen?: string;
  today?: Today;
  trace?: [times: number[], values: number[]];
}

/** The state of the page as it is kept. */
export function memoryOf(house: House): Memory {
  const chosen = house.gateway.peek();
  const heard = Object.values(house.state.peek().gateways).filter(({ reading }) => reading);
  const others = heard.filter((gateway) => gateway !== chosen).slice(0, MOST_GATEWAYS);
  const today = house.today.peek();
  return {
    version: VERSION,
    zone: house.zone.peek(),
    gateways: chosen?.reading ? [chosen, ...others] : others,
    ...(chosen ? { chosen: chosen.name, trace: thinned(house.traceOf(chosen.name).all()) } : {}),
    ...(today ? { today } : {}),
  };
}

/** What was kept, undefined where it is nothing that this version wrote. */
export function memoryFrom(text: string | null): Memory | undefined {
  try {
    const memory = JSON.parse(text ?? "null") as Partial<Memory> | null;
    return memory?.version === VERSION && Array.isArray(memory.gateways) ? (memory as Memory) : undefined;
  } catch {
    return undefined;
  }
}

/** Every so many-th point, the newest among them. */
export function thinned([times, values]: readonly [number[], number[]]): [number[], number[]] {
  const step = Math.ceil(times.length / MOST_POINTS) || 1;
  const kept = (_: number, index: number) => (times.length - 1 - index) % step === 0;
  return [times.filter(kept), values.filter(kept)];
}

/** Keeps the state in the browser: now and then, and when the page goes out of sight. */
export class Keeper {
  /** Each path of a server has a memory of its own. */
  private readonly name: string;

  constructor(
    private readonly house: House,
    base: string,
  ) {
    this.name = `meterkast.last ${new URL(base).pathname}`;
  }

  /** Show what was kept, and keep from now on. */
  start(): void {
    const memory = memoryFrom(this.read());
    if (memory) this.house.recall(memory);
    effect(() => {
      if (this.house.state.value.stream === "refused") this.forget();
    });
    setInterval(() => this.keep(), EVERY_MS);
    window.addEventListener("pagehide", () => this.keep());
    document.addEventListener("visibilitychange", () => {
      if (document.hidden) this.keep();
    });
  }

  private keep(): void {
    const memory = memoryOf(this.house);
    if (memory.gateways.length === 0) return;
    try {
      localStorage.setItem(this.name, JSON.stringify(memory));
    } catch {
      // Storage is full or refused: the next visit starts without a past.
    }
  }

  /** Who may not read is shown nothing of a visit when they might. */
  private forget(): void {
    try {
      localStorage.removeItem(this.name);
    } catch {
      // Where storage is refused, nothing was kept.
    }
  }

  private read(): string | null {
    try {
      return localStorage.getItem(this.name);
    } catch {
      return null;
    }
  }
}
