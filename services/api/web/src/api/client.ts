import { parseExact } from "./exact";
import type { Meter, PowerCurve, Usage } from "./shapes";

/** The API answered, but not with what was asked for. */
export class ApiError extends Error {
  constructor(path: string, status: number) {
    super(`${path}: the server answered ${status}`);
  }
}

/** The REST routes that the page reads. */
export class Client {
  /** How far the server's clock is ahead of this one, in milliseconds; known to the second. */
  serverAhead = 0;

  /** `base` is where the page itself stands, so that it works under any path of a proxy. */
  constructor(readonly base: string) {}

  async meters(): Promise<Meter[]> {
    const answer = (await this.get("meters")) as Meter[] | { meters?: Meter[] };
    return Array.isArray(answer) ? answer : (answer.meters ?? []);
  }

  /** The hours of a day, of today where none is named. */
  usage(gateway: string, day?: readonly [from: number, to: number]): Promise<Usage> {
    const span = day ? { from: iso(day[0]), to: iso(day[1]) } : {};
    return this.get(`meters/${gateway}/usage`, { per: "hour", ...span }) as Promise<Usage>;
  }

  power(gateway: string, from: number, to: number, points: number): Promise<PowerCurve> {
    const query = { from: iso(from), to: iso(to), points: String(points) };
    return this.get(`meters/${gateway}/power`, query) as Promise<PowerCurve>;
  }

  /** Address of the live stream, of one gateway or of all. */
  streamUrl(gateway?: string): string {
    return this.url("stream", gateway === undefined ? {} : { gateway });
  }

  /** What a route answers, decimals exact; `given` gives it up. */
  async get(path: string, query: Record<string, string> = {}, given?: AbortSignal): Promise<unknown> {
    const late = AbortSignal.timeout(10_000);
    const answer = await fetch(this.url(path, query), {
      headers: { accept: "application/json" },
      signal: given ? AbortSignal.any([given, late]) : late,
    });
    const date = Date.parse(answer.headers.get("date") ?? "");
    if (!Number.isNaN(date)) this.serverAhead = date - Math.floor(Date.now() / 1000) * 1000;
    if (!answer.ok) throw new ApiError(path, answer.status);
    return parseExact(await answer.text());
  }

  /** Address of a route. */
  url(path: string, query: Record<string, string>): string {
    const url = new URL(`api/v1/${path}`, this.base);
    url.search = new URLSearchParams(query).toString();
    return url.toString();
  }
}

function iso(time: number): string {
  return new Date(time).toISOString();
}
