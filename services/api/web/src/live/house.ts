import { computed, signal } from "@preact/signals";
import { ApiError, type Client } from "../api/client";
import { netPower, type Reading, timeOf } from "../api/reading";
import { LiveStream, reconnectDelay, type StreamKind } from "../api/stream";
import type { Memory } from "../offline/memory";
import { Yesterday } from "./against";
import { dayAround } from "./day";
import { type Connection, connection, EMPTY, type Gateway, reduce, type State } from "./state";
import { amountsOf, dayOf, type Today } from "./today";
import { Trace } from "./trace";

/** How much of the past the live curve shows: what there is, but not less and not more than this. */
const SHORTEST_WINDOW_S = 120;
const WINDOW_S = 60 * 60;
const SEED_POINTS = 900;
const TICK_MS = 1_000;
const TODAY_EVERY_MS = 60_000;
/** As often while history does not know the running hour yet. */
const TODAY_SOON_MS = 3_000;
const SILENCE_MS = 60_000;
/** With more gateways than this, only the chosen one is listened to. */
const LISTEN_TO_ALL = 20;

/** Everything the page shows, kept up to date: the one place where API, stream and state meet. */
export class House {
  readonly state = signal<State>(EMPTY);
  readonly now = signal(Date.now());
  readonly chosen = signal<string | undefined>(undefined);
  readonly zone = signal(Intl.DateTimeFormat().resolvedOptions().timeZone);
  readonly today = signal<Today | undefined>(undefined);
  readonly yesterday: Yesterday;
  /** Counts the changes of the chosen gateway's trace. */
  readonly traced = signal(0);

  readonly gateway = computed<Gateway | undefined>(() => {
    const { gateways } = this.state.value;
    const name = this.chosen.value ?? Object.keys(gateways).sort()[0];
    return name === undefined ? undefined : gateways[name];
  });
  readonly connection = computed<Connection>(() =>
    connection(this.state.value, this.gateway.value, this.now.value),
  );

  private readonly traces = new Map<string, Trace>();
  private stream: LiveStream | undefined;
  private retry: ReturnType<typeof setTimeout> | undefined;
  private attempt = 0;
  private seeded: string | undefined;
  private todayDue = 0;
  private heardAt = Date.now();

  constructor(
    readonly client: Client,
    wanted?: string,
  ) {
    this.chosen.value = wanted;
    this.yesterday = new Yesterday(client);
  }

  /** Connect, and stay connected until the page goes. */
  start(): void {
    setInterval(() => this.tick(), TICK_MS);
    document.addEventListener("visibilitychange", () => this.wake());
    window.addEventListener("online", () => this.wake());
    void this.connect();
  }

  /** Show what a former visit had seen, until something newer comes. */
  recall({ gateways, chosen, zone, today, trace }: Memory): void {
    this.zone.value = zone;
    this.change({
      kind: "remembered",
      gateways: gateways.map((gateway) => ({ ...gateway, remembered: true })),
    });
    const shown = this.gateway.peek()?.name;
    if (shown === undefined || shown !== chosen) return;
    if (today && today.to > this.meterNow()) this.today.value = today;
    if (trace) this.traceOf(shown).seed(...trace);
    this.traced.value += 1;
  }

  /** Ask anew what there is, for a list that is about to be shown. */
  async relist(): Promise<void> {
    try {
      this.change({ kind: "meters", meters: await this.client.meters() });
    } catch {
      // The list stays as it was.
    }
  }

  /** Show another gateway. */
  choose(gateway: string): void {
    if (gateway === this.gateway.peek()?.name) return;
    this.chosen.value = gateway;
    this.today.value = undefined;
    this.yesterday.forget();
    this.traced.value += 1;
    if (Object.keys(this.state.peek().gateways).length > LISTEN_TO_ALL) void this.connect();
    else this.seed();
  }

  /** The trace of the chosen gateway's power. */
  trace(): Trace {
    return this.traceOf(this.gateway.peek()?.name ?? "");
  }

  /** The time at the meter, in Unix milliseconds: that of its last reading and what has passed since. */
  meterNow(): number {
    const gateway = this.gateway.peek();
    const measured = gateway?.reading && timeOf(gateway.reading);
    if (measured === undefined || gateway?.heardAt === undefined) return Date.now() + this.client.serverAhead;
    return measured + Math.max(0, Date.now() - gateway.heardAt);
  }

  /** Start and end of the live curve, in Unix seconds. */
  window(): [from: number, to: number] {
    const now = this.meterNow() / 1000;
    const known = now - (this.trace().first ?? now);
    return [now - Math.min(Math.max(known, SHORTEST_WINDOW_S), WINDOW_S), now];
  }

  /** Begin anew: at the start, after a loss, and when somebody has logged in. */
  async connect(): Promise<void> {
    this.disconnect();
    this.heardAt = Date.now();
    try {
      const meters = await this.client.meters();
      this.change({ kind: "meters", meters });
      const names = meters.map((meter) => meter.gateway).sort();
      if (this.chosen.peek() !== undefined && !names.includes(this.chosen.peek() ?? ""))
        this.chosen.value = undefined;
      const only = names.length > LISTEN_TO_ALL ? (this.chosen.peek() ?? names[0]) : undefined;
      this.disconnect();
      this.stream = new LiveStream(this.client.streamUrl(only), this);
    } catch (error) {
      if (error instanceof ApiError && error.status === 401) this.change({ kind: "refused" });
      else this.lost();
    }
  }

  private disconnect(): void {
    clearTimeout(this.retry);
    this.retry = undefined;
    this.stream?.close();
    this.stream = undefined;
  }

  opened(): void {
    this.attempt = 0;
    this.seeded = undefined;
    this.change({ kind: "stream", open: true, at: Date.now() });
    this.seed();
  }

  lost(): void {
    this.change({ kind: "stream", open: false, at: Date.now() });
    clearTimeout(this.retry);
    this.retry = setTimeout(() => void this.connect(), reconnectDelay(this.attempt, Math.random()));
    this.attempt += 1;
  }

  message(kind: StreamKind, data: unknown): void {
    this.heardAt = Date.now();
    if (kind === "reading") this.hear(data as Reading);
    if (kind === "status") {
      const { gateway, status } = data as { gateway: string; status: string };
      if (status !== "unknown") this.change({ kind: "status", gateway, online: status === "online" });
    }
  }

  private hear(reading: Reading): void {
    const received = Date.parse(reading.received_at ?? "") - this.client.serverAhead;
    this.change({
      kind: "reading",
      reading,
      at: Number.isNaN(received) ? Date.now() : Math.min(received, Date.now()),
    });
    const time = timeOf(reading);
    const power = netPower(reading);
    if (time !== undefined && power !== undefined) this.traceOf(reading.gateway).push(time / 1000, power);
    this.now.value = Date.now();
    if (reading.gateway === this.gateway.peek()?.name) {
      this.traced.value += 1;
      this.seed();
    }
  }

  private change(change: Parameters<typeof reduce>[1]): void {
    this.state.value = reduce(this.state.peek(), change);
  }

  private tick(): void {
    this.now.value = Date.now();
    if (document.hidden) return;
    if (this.stream && Date.now() - this.heardAt > SILENCE_MS) void this.connect();
    if (Date.now() >= this.todayDue) void this.loadToday();
  }

  private wake(): void {
    if (document.hidden) return;
    this.now.value = Date.now();
    if (this.retry !== undefined || Date.now() - this.heardAt > SILENCE_MS / 3) void this.connect();
  }

  /** Ask for the past of the chosen gateway, once for each choice and connection. */
  private seed(): void {
    const name = this.gateway.peek()?.name;
    if (name === undefined || name === this.seeded || !this.gateway.peek()?.reading) return;
    this.seeded = name;
    void this.loadPower(name);
    void this.loadToday();
  }

  private async loadPower(name: string): Promise<void> {
    const to = this.meterNow();
    try {
      const { times, fields } = await this.client.power(name, to - WINDOW_S * 1000, to, SEED_POINTS);
      const imported = fields.power_import_w?.mean ?? [];
      const exported = fields.power_export_w?.mean ?? [];
      const net = times.map((_, index) => {
        const parts = [imported[index], exported[index]];
        return typeof parts[0] === "number" || typeof parts[1] === "number"
          ? (parts[0] ?? 0) - (parts[1] ?? 0)
          : null;
      });
      this.traceOf(name).seed(times, net);
      this.traced.value += 1;
    } catch {
      // Without history the curve grows from now on.
    }
  }

  private async loadToday(): Promise<void> {
    const gateway = this.gateway.peek();
    if (!gateway?.reading) return;
    this.todayDue = Date.now() + TODAY_SOON_MS;
    try {
      let usage = await this.client.usage(gateway.name);
      this.zone.value = usage.timezone ?? this.zone.peek();
      const span = dayAround(this.meterNow(), this.zone.peek());
      if (usage.from === undefined || Date.parse(usage.from) !== span[0]) {
        usage = await this.client.usage(gateway.name, span);
      }
      const reading = this.gateway.peek()?.reading;
      if (!reading || reading.gateway !== gateway.name) return;
      const today = dayOf(usage, span, amountsOf(reading), this.today.peek());
      const now = this.meterNow();
      const running = today.hours.find(({ from, to }) => from <= now && now < to);
      if (running?.known) {
        const wait = Math.min(TODAY_EVERY_MS, running.to - now + 1_000);
        this.todayDue = Date.now() + Math.max(TODAY_SOON_MS, wait);
      }
      this.today.value = today;
      void this.yesterday.refresh(gateway.name, now, this.zone.peek());
    } catch {
      // It is asked again soon; what was shown stays.
    }
  }

  /** The trace of a gateway's power. */
  traceOf(name: string): Trace {
    const trace = this.traces.get(name) ?? new Trace();
    this.traces.set(name, trace);
    return trace;
  }
}
