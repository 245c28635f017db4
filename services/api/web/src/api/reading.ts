import type { Exact } from "./exact";

export type Phase = "l1" | "l2" | "l3";
export const PHASES: readonly Phase[] = ["l1", "l2", "l3"];

/** One device on the meter's M-Bus. */
export interface Mbus {
  channel: number;
  kind: string;
  meter_id?: string;
  value?: Exact;
  unit?: string;
  measured_at?: string;
}

/** Values by their names in the catalogue. */
export interface Named {
  readonly [name: string]: unknown;
}

/** One reading as the API sends it; a value that the meter lacks is absent. */
export interface Reading extends Named {
  gateway: string;
  identification?: string;
  meter_id?: string;
  measured_at?: string;
  received_at?: string;
  peak_import_at?: string;
  mbus?: readonly Mbus[];
}

/** The value of a whole-number name such as `power_import_w`. */
export function numberOf(reading: Named, name: string): number | undefined {
  const value = reading[name];
  return typeof value === "number" ? value : undefined;
}

/** The value of a name kept exact, such as `energy_import_t1_kwh` or `voltage_l1_v`. */
export function exactOf(reading: Named, name: string): Exact | undefined {
  const value = reading[name];
  return typeof value === "string" ? value : undefined;
}

/** When it was measured, in Unix milliseconds; the receive time where the meter has no clock. */
export function timeOf(reading: Reading): number | undefined {
  const text = reading.measured_at ?? reading.received_at;
  const time = text === undefined ? Number.NaN : Date.parse(text);
  return Number.isNaN(time) ? undefined : time;
}

/** Import less export in W of one phase or the whole house, undefined where the meter tells neither. */
export function netPower(reading: Reading, phase?: Phase): number | undefined {
  const part = phase === undefined ? "" : `${phase}_`;
  const imported = numberOf(reading, `power_import_${part}w`);
  const exported = numberOf(reading, `power_export_${part}w`);
  if (imported !== undefined || exported !== undefined) return (imported ?? 0) - (exported ?? 0);
  if (phase !== undefined) return undefined;
  const net = numberOf(reading, "power_net_w");
  if (net !== undefined) return net;
  const phases = PHASES.map((each) => netPower(reading, each)).filter((each) => each !== undefined);
  return phases.length > 0 ? phases.reduce((sum, each) => sum + each, 0) : undefined;
}

/** The tariffs of one direction that the meter counts, each with its register. */
export function tariffRegisters(
  reading: Named,
  way: "import" | "export",
): { tariff: number; value: Exact }[] {
  const registers: { tariff: number; value: Exact }[] = [];
  for (let tariff = 1; tariff <= 8; tariff += 1) {
    const value = exactOf(reading, `energy_${way}_t${tariff}_kwh`);
    if (value !== undefined) registers.push({ tariff, value });
  }
  return registers;
}
