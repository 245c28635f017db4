import { signal } from "@preact/signals";
import type { Client } from "../api/client";

/** An answer, and what it was asked about. */
export interface Answered<Answer, About> {
  key: string;
  about: About;
  answer: Answer;
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

  constructor(private readonly client: Pick<Client, "get">) {}

  /** Ask; what is kept under `key` is shown meanwhile, else what was shown before stays. */
  async ask(key: string, about: About, path: string, query: Record<string, string>): Promise<void> {
    this.request?.abort();
    const request = new AbortController();
    this.request = request;
    this.busy.value = true;
    const known = this.kept.get(key);
    if (known) this.shown.value = { ...known, about };
    try {
      const answer = (await this.client.get(path, query, request.signal)) as Answer;
      if (!request.signal.aborted) this.take({ key, about, answer });
    } catch {
      if (!request.signal.aborted) this.failed.value = true;
    } finally {
      if (this.request === request) this.busy.value = false;
    }
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
