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

/** One line of the logbook. */
export interface MeterEvent {
  kind: string;
  at: string;
  meter_id?: string;
  text: string;
  detail?: Named;
}

/** What `/events` answers, newest first; `next` is where the older ones begin. */
export interface Events {
  events: MeterEvent[];
  next?: string;
}

/** A telegram that was refused. */
export interface Rejected {
  received_at: string;
  reason: string;
  detail: string;
  count: number;
  length: number;
  payload_base64?: string;
}

/** What a gateway says of itself. */
export interface Device {
  gateway: string;
  source: string;
  version: string;
  /** Absent where the gateway has no clock. */
  started_at?: string;
  address?: string;
  line?: string;
  signal_dbm?: number;
  uptime_s: number;
  counters?: Record<string, number>;
  commands?: readonly string[];
  slot?: string;
  reset_cause?: string;
  update?: string;
  answer?: string;
}

/** A release of the gateways' firmware; the newest comes first in their list. */
export interface Release {
  version: string;
  sequence: number;
}

/** Health of one instance of a service. */
export interface ServiceHealth {
  service: string;
  instance: string;
  status: string;
  version: string;
  at: string;
  started_at: string;
  detail?: string;
  checks?: Record<string, string>;
}
