import { signal } from "@preact/signals";
import type { Client } from "../api/client";
import type { Device, ServiceHealth } from "../api/shapes";

const POLL_MS = 10_000;
/** A stream that tells does so at once. */
const FIRST_POLL_MS = 1_000;
/** Each device is a request of its own where the stream does not bring them. */
const MOST_DEVICES = 20;

export type Services = Readonly<Record<string, ServiceHealth>>;
export type Devices = Readonly<Record<string, Device>>;

/** How the services and gateways do, as it changes; asked every 10 s of a server whose stream does not tell. */
export class Installation {
  readonly services = signal<Services>({});
  readonly devices = signal<Devices>({});
  private source: EventSource | undefined;
  private live = false;
  private timer: ReturnType<typeof setInterval> | undefined;

  constructor(
    private readonly client: Client,
    private readonly gateways: () => readonly string[],
  ) {}

  /** Watch until the returned function is called. */
  watch(): () => void {
    this.listen();
    const first = setTimeout(() => void this.poll(), FIRST_POLL_MS);
    this.timer = setInterval(() => void this.poll(), POLL_MS);
    return () => {
      clearTimeout(first);
      clearInterval(this.timer);
      this.timer = undefined;
      this.source?.close();
      this.source = undefined;
    };
  }

  private listen(): void {
    const source = new EventSource(this.client.streamUrl(undefined, { services: "true", devices: "true" }));
    source.addEventListener("service", (event: MessageEvent<string>) => {
      this.live = true;
      this.add(JSON.parse(event.data) as ServiceHealth);
    });
    source.addEventListener("device", (event: MessageEvent<string>) => {
      const device = JSON.parse(event.data) as Device;
      this.devices.value = { ...this.devices.peek(), [device.gateway]: device };
    });
    source.onerror = () => {
      source.close();
      if (this.source === source) this.source = undefined;
    };
    this.source = source;
  }

  private async poll(): Promise<void> {
    if (document.hidden) return;
    if (this.source === undefined) {
      this.live = false;
      if (this.timer !== undefined) this.listen();
    }
    if (this.live) return;
    try {
      const list = (await this.client.get("services")) as ServiceHealth[];
      this.services.value = Object.fromEntries(list.map((each) => [keyOf(each), each]));
      await Promise.all(
        this.gateways()
          .slice(0, MOST_DEVICES)
          .map((gateway) => this.pollDevice(gateway)),
      );
    } catch {
      // What is known stays, and is asked for again.
    }
  }

  private async pollDevice(gateway: string): Promise<void> {
    try {
      const device = (await this.client.get(`meters/${gateway}/device`)) as Device;
      this.devices.value = { ...this.devices.peek(), [gateway]: device };
    } catch {
      // Many gateways say nothing of themselves.
    }
  }

  private add(health: ServiceHealth): void {
    this.services.value = { ...this.services.peek(), [keyOf(health)]: health };
  }
}

function keyOf({ service, instance }: ServiceHealth): string {
  return `${service} ${instance}`;
}
