/** A decimal number as the meter wrote it: every digit kept, none invented. */
export type Exact = string;

const EXACT_NUMBER = /("(?:\w+_(?:kwh|kvarh|kvah|m3|gj|v|a|hz)|value)":\s*)(-?\d+(?:\.\d+)?)(?=\s*[,}\]])/g;

/** Parse JSON with registers, voltages and currents kept as their text, since a float forgets trailing zeros. */
export function parseExact(json: string): unknown {
  return JSON.parse(json.replace(EXACT_NUMBER, '$1"$2"'));
}

/** The number shifted by `places` decimals, as an integer (kWh → Wh, m³ → litre with 3); further digits are cut. */
export function scaled(value: Exact, places = 3): number {
  const negative = value.startsWith("-");
  const [whole = "0", fraction = ""] = (negative ? value.slice(1) : value).split(".");
  const digits = Number(whole + fraction.slice(0, places).padEnd(places, "0"));
  return negative ? -digits : digits;
}

/** How many digits stand behind the decimal point. */
export function decimals(value: Exact): number {
  const point = value.indexOf(".");
  return point < 0 ? 0 : value.length - point - 1;
}
