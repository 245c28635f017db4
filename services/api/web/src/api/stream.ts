import { parseExact } from "./exact";

const KINDS = ["reading", "status"] as const;
export type StreamKind = (typeof KINDS)[number];

/** Who listens to the stream. */
export interface StreamListener {
  opened(): void;
  lost(): void;
  message(kind: StreamKind, data: unknown): void;
}

const LONGEST_WAIT_MS = 8_000;

/** How long to wait before attempt `attempt` (0 is the first after a loss): doubling, a quarter of it left to chance. */
export function reconnectDelay(attempt: number, random: number): number {
  return Math.min(500 * 2 ** attempt, LONGEST_WAIT_MS) * (0.75 + 0.25 * random);
}

/** One connection of server-sent events; it tells its end once and does not reconnect by itself. */
export class LiveStream {
  private readonly source: EventSource;
  private open = true;

  constructor(url: string, listener: StreamListener) {
    this.source = new EventSource(url);
    this.source.onopen = () => listener.opened();
    this.source.onerror = () => {
      if (!this.open) return;
      this.close();
      listener.lost();
    };
    for (const kind of KINDS) {
      this.source.addEventListener(kind, (event: MessageEvent<string>) => {
        listener.message(kind, parseExact(event.data));
      });
    }
  }

  close(): void {
    this.open = false;
    this.source.close();
  }
}
