import { parseExact } from "./exact";
import type { Meter, PowerCurve, Usage } from "./shapes";

/** What went wrong with one field of a request. */
export interface FieldError {
  parameter: string;
  detail: string;
}

/** The API answered, but not with what was asked for: a problem detail (RFC 9457) where it gave one. */
export class ApiError extends Error {
  constructor(
    path: string,
    readonly status: number,
    readonly kind = "",
    readonly detail = "",
    readonly errors: readonly FieldError[] = [],
    readonly retryAfterS?: number,
  ) {
    super(detail || `${path}: the server answered ${status}`);
  }

  /** From an answer that is not a success. */
  static async of(path: string, answer: Response): Promise<ApiError> {
    const problem = (await answer.json().catch(() => ({}))) as {
      type?: string;
      detail?: string;
      errors?: FieldError[];
    };
    const wait = Number.parseInt(answer.headers.get("retry-after") ?? "", 10);
    return new ApiError(
      path,
      answer.status,
      problem.type?.split(":").at(-1),
      problem.detail,
      problem.errors,
      Number.isNaN(wait) ? undefined : wait,
    );
  }
}

export type Query = Readonly<Record<string, string>>;
const READ_WITHIN_MS = 10_000;
const WRITE_WITHIN_MS = 300_000;

/** The API of a fleet answers a thousand, unless asked for more. */
const ALL = { limit: "1000000" };

/** The REST routes that the page reads. */
export class Client {
  /** How far the server's clock is ahead of this one, in milliseconds; known to the second. */
  serverAhead = 0;

  /** `base` is where the page itself stands, so that it works under any path of a proxy. */
  constructor(readonly base: string) {}

  async meters(): Promise<Meter[]> {
    const answer = (await this.get("meters", ALL)) as Meter[] | { meters?: Meter[] };
    return Array.isArray(answer) ? answer : (answer.meters ?? []);
  }

  /** The hours of a span, of today where none is named; or its quarters of an hour. */
  usage(
    gateway: string,
    span?: readonly [from: number, to: number],
    per: "hour" | "quarter" = "hour",
  ): Promise<Usage> {
    const query = span ? { from: iso(span[0]), to: iso(span[1]) } : {};
    return this.get(`meters/${gateway}/usage`, { per, ...query }) as Promise<Usage>;
  }

  power(gateway: string, from: number, to: number, points: number): Promise<PowerCurve> {
    const query = { from: iso(from), to: iso(to), points: String(points) };
    return this.get(`meters/${gateway}/power`, query) as Promise<PowerCurve>;
  }

  /** Address of the live stream, of one gateway or of all. */
  streamUrl(gateway?: string, query: Query = {}): string {
    return this.url("stream", gateway === undefined ? query : { ...query, gateway });
  }

  /** What a route answers, decimals exact; `given` gives it up. */
  async get(path: string, query: Query = {}, given?: AbortSignal): Promise<unknown> {
    const late = AbortSignal.timeout(READ_WITHIN_MS);
    const signal = given ? AbortSignal.any([given, late]) : late;
    return parseExact(await (await this.fetch(path, query, { signal })).text());
  }

  /** The newest telegram's bytes and when they came. */
  async telegram(gateway: string): Promise<{ bytes: Uint8Array; receivedAt: number }> {
    const answer = await this.fetch(`meters/${gateway}/telegram`, {}, { headers: { accept: "text/plain" } });
    const receivedAt = Date.parse(answer.headers.get("x-received-at") ?? "");
    return { bytes: new Uint8Array(await answer.arrayBuffer()), receivedAt };
  }

  /** Change something; a body that is no file is sent as JSON. What the route answers, undefined where it is empty. */
  async send(
    method: "POST" | "PUT" | "DELETE",
    path: string,
    body?: unknown,
    query: Query = {},
  ): Promise<unknown> {
    const file = body instanceof Blob ? body : undefined;
    const headers: Record<string, string> = { accept: "application/json" };
    if (body !== undefined) headers["content-type"] = file ? file.type : "application/json";
    const answer = await this.fetch(path, query, {
      method,
      headers,
      signal: AbortSignal.timeout(WRITE_WITHIN_MS),
      ...(body === undefined ? {} : { body: file ?? JSON.stringify(body) }),
    });
    const text = await answer.text();
    return text === "" ? undefined : parseExact(text);
  }

  private async fetch(path: string, query: Query, init: RequestInit = {}): Promise<Response> {
    const answer = await fetch(this.url(path, query), {
      headers: { accept: "application/json" },
      signal: AbortSignal.timeout(READ_WITHIN_MS),
      ...init,
    });
    const date = Date.parse(answer.headers.get("date") ?? "");
    if (!Number.isNaN(date)) this.serverAhead = date - Math.floor(Date.now() / 1000) * 1000;
    if (!answer.ok) throw await ApiError.of(path, answer);
    return answer;
  }

  /** Address of a route. */
  url(path: string, query: Query): string {
    const url = new URL(`api/v1/${path}`, this.base);
    url.search = new URLSearchParams(query).toString();
    return url.toString();
  }
}

function iso(time: number): string {
  return new Date(time).toISOString();
}
