import { signal } from "@preact/signals";
import type { Client } from "../api/client";
import type { UsageRow } from "../api/shapes";
import { dayAround, timeOfDay } from "./day";
import { type Amounts, amountsOf, COUNTED } from "./today";

const QUARTER_MS = 900_000;
/** History has a quarter's end when the first reading after it is in. */
const SETTLED_MS = 20_000;
const AGAIN_MS = 60_000;

/** Today and yesterday up to the same quarter-hour; `more` is today less yesterday, in thousandths. */
export interface Against {
  /** The end of the last quarter-hour that is over. */
  at: number;
  more: Amounts;
}

/** The quarters of two days, set against each other up to the last that is over; a counter with a gap is left out. */
export function against(rows: readonly UsageRow[], now: number, zone: string): Against {
  const at = now - (now % QUARTER_MS);
  const [midnight] = dayAround(now, zone);
  const limit = timeOfDay(at, zone);
  const today: UsageRow[] = [];
  const yesterday: UsageRow[] = [];
  for (const row of rows) {
    const from = Date.parse(row.from);
    if (from >= midnight) {
      if (from < at) today.push(row);
    } else if (timeOfDay(from, zone) < limit) yesterday.push(row);
  }
  const more: Amounts = {};
  if (today.length === 0 || today.length !== yesterday.length) return { at, more };
  const [these, those] = [sums(today), sums(yesterday)];
  for (const name of COUNTED) {
    const [now, then] = [these[name], those[name]];
    if (now !== undefined && then !== undefined) more[name] = now - then;
  }
  return { at, more };
}

/** The sum of every counter that all rows have whole. */
function sums(rows: readonly UsageRow[]): Amounts {
  const whole: Amounts = {};
  const all = rows.map((row) => (row.complete === false || row.hole ? {} : amountsOf(row)));
  for (const name of COUNTED) {
    const parts = all.map((amounts) => amounts[name]).filter((part) => part !== undefined);
    if (parts.length === rows.length) whole[name] = parts.reduce((a, b) => a + b, 0);
  }
  return whole;
}

/** Today against yesterday, asked of history once a quarter-hour. */
export class Yesterday {
  readonly now = signal<Against | undefined>(undefined);
  private asked = "";
  private due = 0;

  constructor(private readonly client: Client) {}

  /** Ask where it is time to; `now` is the meter's time. */
  async refresh(gateway: string, now: number, zone: string): Promise<void> {
    const quarter = now - SETTLED_MS - ((now - SETTLED_MS) % QUARTER_MS);
    const key = `${gateway} ${quarter} ${zone}`;
    if (key === this.asked || Date.now() < this.due) return;
    this.due = Date.now() + AGAIN_MS;
    const [midnight] = dayAround(now, zone);
    const [from] = dayAround(midnight - 1, zone);
    if (quarter <= midnight) {
      this.now.value = undefined;
      return;
    }
    try {
      const { rows } = await this.client.usage(gateway, [from, quarter], "quarter");
      this.now.value = against(rows, quarter, zone);
      this.asked = key;
    } catch {
      // It is asked again in a minute.
    }
  }

  /** Another gateway is shown: forget, and ask at once. */
  forget(): void {
    this.now.value = undefined;
    this.asked = "";
    this.due = 0;
  }
}
