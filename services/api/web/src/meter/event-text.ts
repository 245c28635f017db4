import { numberOf, PHASES } from "../api/reading";
import type { MeterEvent } from "../api/shapes";
import type { Format } from "../format/format";

type Detail = NonNullable<MeterEvent["detail"]>;
type Teller = (detail: Detail, format: Format) => string | undefined;

const TELLERS: Record<string, Teller> = {
  power_failure: (detail, format) => {
    const seconds = numberOf(detail, "duration_s");
    if (seconds !== undefined)
      return format.text("event.power_failure.long", { time: format.duration(seconds) });
    const count = numberOf(detail, "count");
    return count === undefined ? undefined : format.text("event.power_failure.short", { count });
  },
  voltage_sag: phases,
  voltage_swell: phases,
  tariff_switch: ({ tariff }, format) =>
    tariff === undefined ? undefined : format.text("event.tariff_switch.to", { tariff: String(tariff) }),
  meter_replaced: ({ previous, current, meter_kind }, format) => {
    const kind =
      meter_kind === undefined || meter_kind === "electricity" ? "" : format.kind(String(meter_kind));
    const told =
      previous === undefined || current === undefined
        ? format.text("event.meter_replaced.anew")
        : format.text("event.meter_replaced.by", { previous: String(previous), current: String(current) });
    return kind ? `${kind}: ${told}` : told;
  },
  clock_wrong: (_, format) => format.text("event.clock_wrong.used"),
  gap: (detail, format) => {
    const seconds = numberOf(detail, "duration_s");
    return seconds === undefined
      ? undefined
      : format.text("event.gap.for", { time: format.duration(seconds) });
  },
  message: ({ message }) => (message === undefined ? undefined : `“${message}”`),
};

/** What happened, in the reader's language; the service's English sentence where it is something new. */
export function eventText(event: MeterEvent, format: Format): string {
  return TELLERS[event.kind]?.(event.detail ?? {}, format) ?? event.text;
}

function phases(detail: Detail, format: Format): string | undefined {
  const told = PHASES.flatMap((phase) => {
    const count = numberOf(detail, phase);
    return count === undefined ? [] : [format.text("event.phase", { count, phase: phase.toUpperCase() })];
  });
  return told.length > 0 ? told.join(" · ") : undefined;
}
