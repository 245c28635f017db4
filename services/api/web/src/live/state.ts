import type { Named, Reading } from "../api/reading";
import type { Meter } from "../api/shapes";

/** What the page knows of one gateway. */
export interface Gateway {
  name: string;
  reading?: Reading;
  /** When the reading came in, in Unix milliseconds of this machine's clock. */
  heardAt?: number;
  online?: boolean;
  /** The usual time between two readings, in milliseconds. */
  interval?: number;
  /** What the list of meters said of it, when it was last asked. */
  listed?: Named;
  /** Known from a former visit only. */
  remembered?: boolean;
}

export interface State {
  gateways: Readonly<Record<string, Gateway>>;
  /** Whether the list of meters has arrived. */
  listed: boolean;
  stream: "connecting" | "open" | "lost" | "refused";
  lostAt?: number;
}

export const EMPTY: State = { gateways: {}, listed: false, stream: "connecting" };

/** Everything that changes the state; times are of this machine's clock. */
export type Change =
  | { kind: "remembered"; gateways: readonly Gateway[] }
  | { kind: "refused" }
  | { kind: "meters"; meters: readonly Meter[] }
  | { kind: "reading"; reading: Reading; at: number }
  | { kind: "status"; gateway: string; online: boolean }
  | { kind: "stream"; open: boolean; at: number };

/** The state after a change. */
export function reduce(state: State, change: Change): State {
  switch (change.kind) {
    case "remembered":
      return change.gateways.reduce(
        (all, gateway) => (gateway.name in all.gateways ? all : withGateway(all, gateway)),
        state,
      );
    case "refused":
      return { ...EMPTY, stream: "refused" };
    case "meters":
      return withMeters(state, change.meters);
    case "reading":
      return change.reading.gateway ? withReading(state, change.reading, change.at) : state;
    case "status": {
      const known = state.gateways[change.gateway] ?? { name: change.gateway };
      return withGateway(state, { ...known, online: change.online });
    }
    case "stream": {
      if (change.open) {
        const { lostAt: _, ...rest } = state;
        return { ...rest, stream: "open" };
      }
      return { ...state, stream: "lost", lostAt: state.lostAt ?? change.at };
    }
  }
}

/** The gateways that the server lists, and those heard since; one that is only remembered goes. */
function withMeters(state: State, meters: readonly Meter[]): State {
  const gateways: Record<string, Gateway> = {};
  for (const [name, gateway] of Object.entries(state.gateways)) {
    if (!gateway.remembered) gateways[name] = gateway;
  }
  for (const { gateway: name, status, ...listed } of meters) {
    const { remembered: _, ...known } = state.gateways[name] ?? { name };
    const online = status === "online" || status === "offline" ? { online: status === "online" } : {};
    gateways[name] = { ...known, ...online, listed };
  }
  return { ...state, gateways, listed: true };
}

function withReading(state: State, reading: Reading, at: number): State {
  const { remembered: _, ...known }: Gateway = state.gateways[reading.gateway] ?? { name: reading.gateway };
  if (known.heardAt !== undefined && at < known.heardAt) return state;
  const step = known.heardAt === undefined ? undefined : at - known.heardAt;
  const interval =
    step === undefined || step < 200 ? known.interval : smooth(known.interval, Math.min(step, 300_000));
  return withGateway(state, {
    ...known,
    reading,
    heardAt: at,
    ...(interval === undefined ? {} : { interval }),
  });
}

function smooth(old: number | undefined, step: number): number {
  return old === undefined ? step : old * 0.8 + step * 0.2;
}

function withGateway(state: State, gateway: Gateway): State {
  return { ...state, gateways: { ...state.gateways, [gateway.name]: gateway } };
}

/** How the page stands to the meter; `since` is the time of the last sign of life. */
export type Connection =
  | { kind: "connecting" }
  | { kind: "refused" }
  | { kind: "live" }
  | { kind: "waiting" }
  | { kind: "quiet" | "offline" | "lost"; since: number };

const QUIET_AFTER_MS = 15_000;
/** As long as it is not known how often the meter speaks, which is once a minute at least. */
const QUIET_AT_FIRST_MS = 75_000;

/** The state of the connection to one gateway at `now`. */
export function connection(state: State, gateway: Gateway | undefined, now: number): Connection {
  if (state.stream === "lost") return { kind: "lost", since: gateway?.heardAt ?? state.lostAt ?? now };
  if (state.stream === "refused") return { kind: "refused" };
  if (state.stream === "connecting") return { kind: "connecting" };
  if (gateway?.heardAt === undefined) return { kind: "waiting" };
  const { interval } = gateway;
  const allowed = interval === undefined ? QUIET_AT_FIRST_MS : Math.max(QUIET_AFTER_MS, 3 * interval);
  if (now - gateway.heardAt <= allowed) return { kind: "live" };
  return { kind: gateway.online === false ? "offline" : "quiet", since: gateway.heardAt };
}
