import { signal } from "@preact/signals";
import type { Client } from "./client";

/** An answer, and what it was asked about. */
export interface Answered<Answer, About> {
  key: string;
  about: About;
  answer: Answer;
}

/** What to ask. `final`: the answer does not change any more. */
export interface Question<About> {
  key: string;
  about: About;
  path: string;
  query: Record<string, string>;
  final?: boolean;
}

const KEPT = 24;

/** Answers of one kind: the last ones are kept and shown at once, an older request is given up for a newer. */
export class Source<Answer, About> {
  /** The newest answer that came, whatever is asked now. */
  readonly shown = signal<Answered<Answer, About> | undefined>(undefined);
  readonly failed = signal(false);
  readonly busy = signal(false);

  private readonly kept = new Map<string, Answered<Answer, About>>();
  private request: AbortController | undefined;

  /** `read` makes of what the route answers what is kept. */
  constructor(
    private readonly client: Pick<Client, "get">,
    private readonly read: (answer: unknown, about: About) => Answer,
  ) {}

  /** Ask; what is kept under the key is shown meanwhile, else what was shown before stays. */
  async ask({ key, about, path, query, final = false }: Question<About>): Promise<void> {
    this.request?.abort();
    const request = new AbortController();
    this.request = request;
    const known = this.kept.get(key);
    if (known) this.take({ ...known, about });
    this.busy.value = !(known && final);
    if (!this.busy.value) return;
    try {
      const answer = this.read(await this.client.get(path, query, request.signal), about);
      if (!request.signal.aborted) this.take({ key, about, answer });
    } catch {
      if (!request.signal.aborted) this.failed.value = true;
    } finally {
      if (this.request === request) this.busy.value = false;
    }
  }

  /** What is kept, newest first. */
  recent(): Answered<Answer, About>[] {
    return [...this.kept.values()].reverse();
  }

  /** Give up what was asked. */
  stop(): void {
    this.request?.abort();
  }

  private take(answered: Answered<Answer, About>): void {
    this.kept.delete(answered.key);
    this.kept.set(answered.key, answered);
    for (const oldest of [...this.kept.keys()].slice(0, -KEPT)) this.kept.delete(oldest);
    this.failed.value = false;
    this.shown.value = answered;
  }
}
