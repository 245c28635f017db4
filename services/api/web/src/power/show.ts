import { netPower, numberOf, PHASES, type Phase, type Reading } from "../api/reading";

/** One line of the chart: a field of history, less another where it can flow back. */
export interface Line {
  name: "all" | Phase;
  up: string;
  down?: string;
}

/** What the chart shows; `digits` is how many stand behind the point, `zero` whether zero is always in sight. */
export interface Show {
  name: ShowName;
  unit: string;
  digits: number;
  zero: boolean;
  lines: readonly Line[];
}

export const SHOW_NAMES = ["power", "phases", "voltage", "current"] as const;
export type ShowName = (typeof SHOW_NAMES)[number];

export const SHOWS: Readonly<Record<ShowName, Show>> = {
  power: {
    name: "power",
    unit: "W",
    digits: 0,
    zero: true,
    lines: [{ name: "all", up: "power_import_w", down: "power_export_w" }],
  },
  phases: {
    name: "phases",
    unit: "W",
    digits: 0,
    zero: true,
    lines: PHASES.map((name) => ({ name, up: `power_import_${name}_w`, down: `power_export_${name}_w` })),
  },
  voltage: {
    name: "voltage",
    unit: "V",
    digits: 1,
    zero: false,
    lines: PHASES.map((name) => ({ name, up: `voltage_${name}_v` })),
  },
  current: {
    name: "current",
    unit: "A",
    digits: 1,
    zero: true,
    lines: PHASES.map((name) => ({ name, up: `current_${name}_a` })),
  },
};

/** The fields to ask for. */
export function fieldsOf({ lines }: Show): string[] {
  return lines.flatMap(({ up, down }) => (down === undefined ? [up] : [up, down]));
}

/** What a reading tells of each line. */
export function valuesIn(reading: Reading, { name, lines }: Show): (number | null)[] {
  return lines.map((line) => {
    if (name === "power") return netPower(reading) ?? null;
    if (name === "phases") return netPower(reading, line.name as Phase) ?? null;
    const exact = reading[line.up];
    const value = typeof exact === "string" ? Number(exact) : numberOf(reading, line.up);
    return value ?? null;
  });
}

/** What a meter has of all that can be shown; everything as long as it has said nothing. */
export function showsOf(reading: Reading | undefined): ShowName[] {
  if (!reading) return [...SHOW_NAMES];
  return SHOW_NAMES.filter((name) => valuesIn(reading, SHOWS[name]).some((value) => value !== null));
}

/** Only the lines of a show that a meter has. */
export function linesIn(show: Show, reading: Reading | undefined): Show {
  if (!reading) return show;
  const values = valuesIn(reading, show);
  const lines = show.lines.filter((_, place) => values[place] !== null);
  return lines.length === 0 || lines.length === show.lines.length ? show : { ...show, lines };
}
