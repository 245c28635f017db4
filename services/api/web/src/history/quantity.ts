import { type Exact, scaled } from "../api/exact";
import { exactOf, type Named } from "../api/reading";

/** One of the colours that a bar can be stacked of. */
export type Tone = "import" | "export" | "gas" | "water" | "hot_water" | "heat" | "cold" | "fixed" | "other";

/** A part of a bar: where its amount stands in the answer, and which way it counts. */
export interface Part {
  name: string;
  tone: Tone;
  sign: 1 | -1;
}

/** What the bars show; `places` is how far the decimal point moves to make an amount its integer. */
export interface Quantity {
  name: QuantityName;
  unit: string;
  places: number;
  parts: readonly Part[];
}

export type QuantityName = "electricity" | "gas" | "water" | "hot_water" | "heat" | "cold" | "cost";

const one = (name: Exclude<Tone & QuantityName, "cost">, register: string, unit: string, places: number) => ({
  name,
  unit,
  places,
  parts: [{ name: register, tone: name, sign: 1 as const }],
});

const MICRO = 6;

export const QUANTITIES: readonly Quantity[] = [
  {
    name: "electricity",
    unit: "kWh",
    places: 3,
    parts: [
      { name: "energy_import_kwh", tone: "import", sign: 1 },
      { name: "energy_export_kwh", tone: "export", sign: -1 },
    ],
  },
  one("gas", "gas_m3", "m³", 3),
  one("water", "water_m3", "m³", 3),
  one("hot_water", "hot_water_m3", "m³", 3),
  one("heat", "heat_gj", "GJ", MICRO),
  one("cold", "cold_gj", "GJ", MICRO),
  {
    name: "cost",
    unit: "",
    places: MICRO,
    parts: [
      { name: "electricity_import", tone: "import", sign: 1 },
      { name: "electricity_export", tone: "export", sign: 1 },
      { name: "gas", tone: "gas", sign: 1 },
      { name: "water", tone: "water", sign: 1 },
      { name: "hot_water", tone: "hot_water", sign: 1 },
      { name: "heat", tone: "heat", sign: 1 },
      { name: "cold", tone: "cold", sign: 1 },
      { name: "fixed", tone: "fixed", sign: 1 },
    ],
  },
];

/** Amounts by the name of their part, as integers of the smallest unit and with the way they count; unknown is absent. */
export type Amounts = Readonly<Record<string, number>>;

/** What an answer's row, hole or total holds of a quantity. */
export function amountsIn(values: Named, quantity: Quantity): Amounts {
  const found: Record<string, number> = {};
  const source = quantity.name === "cost" ? ((values.cost ?? {}) as Named) : values;
  for (const { name, sign } of quantity.parts) {
    const amount = integer(source, name, quantity.places);
    if (amount !== undefined) found[name] = sign * amount || 0;
  }
  return found;
}

/** Registers come as text. Money comes as a number of at most 15 digits, which a float holds exactly. */
function integer(values: Named, name: string, places: number): number | undefined {
  const text: Exact | undefined = exactOf(values, name);
  if (text !== undefined) return scaled(text, places);
  const value = values[name];
  return typeof value === "number" ? Math.round(value * 10 ** places) : undefined;
}

export function added(left: Amounts, right: Amounts): Amounts {
  const sum: Record<string, number> = { ...left };
  for (const [name, amount] of Object.entries(right)) sum[name] = (sum[name] ?? 0) + amount;
  return sum;
}

/** All parts together, import less export; undefined where nothing is known. */
export function netOf(amounts: Amounts): number | undefined {
  const values = Object.values(amounts);
  return values.length === 0 ? undefined : values.reduce((sum, value) => sum + value, 0);
}

/** What reaches above the zero line and what below it. */
export function reachOf(amounts: Amounts): { up: number; down: number } {
  let up = 0;
  let down = 0;
  for (const value of Object.values(amounts)) {
    if (value > 0) up += value;
    else down += value;
  }
  return { up, down };
}
