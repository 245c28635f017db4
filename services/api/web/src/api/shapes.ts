import type { Named } from "./reading";

/** One gateway as `/meters` lists it. */
export interface Meter extends Named {
  gateway: string;
  status?: string;
}

/** The difference of each register over one period, under the register's name; absent where there is none. */
export interface UsageRow extends Named {
  from: string;
  to: string;
  complete?: boolean;
  hole?: boolean;
}

/** What `/usage` answers. */
export interface Usage {
  timezone?: string;
  from?: string;
  rows: UsageRow[];
  total?: Named;
}

/** What `/power` answers: bins of equal length, by field. */
export interface PowerCurve {
  times: number[];
  step_s: number;
  fields: Record<string, { mean: (number | null)[] }>;
}
