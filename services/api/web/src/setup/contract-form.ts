import type { FieldError } from "../api/client";

/** One contract as the service has it. */
export interface Contract {
  name: string;
  from: string;
  until?: string;
  prices?: Record<string, number | string>;
  fixed?: Record<string, number | string>;
  hourly?: Record<string, number | string>;
}

export interface Contracts {
  currency: string;
  contracts: Contract[];
}

/** Whether electricity has one price, one per tariff, or that of the market's hour. */
export type Pricing = "single" | "tariffs" | "hourly";

/** One contract as it stands in the form: what somebody typed, untouched. */
export interface ContractForm {
  id: number;
  /** Made by hand just now, so that it lies open. */
  fresh?: boolean;
  name: string;
  from: string;
  until: string;
  pricing: Pricing;
  exportPricing: "single" | "tariffs";
  prices: Record<string, string>;
  fixed: Record<string, string>;
  hourly: Record<string, string>;
}

/** Prices that are shown for each way of pricing; further ones that a contract has are shown as well. */
export const IMPORT_PRICES = {
  single: ["energy_import_kwh"],
  tariffs: ["energy_import_t1_kwh", "energy_import_t2_kwh"],
} as const;
export const EXPORT_PRICES = {
  single: ["energy_export_kwh"],
  tariffs: ["energy_export_t1_kwh", "energy_export_t2_kwh"],
} as const;
export const OTHER_PRICES = [
  "gas_m3",
  "water_m3",
  "hot_water_m3",
  "heat_gj",
  "heat_kwh",
  "cold_gj",
  "cold_kwh",
] as const;
export const FIXED = ["electricity", "gas", "water", "heat", "other"] as const;
export const HOURLY = ["import_markup_kwh", "export_markup_kwh", "tax_percent"] as const;

let lastId = 0;

/** The form of a contract; numbers are written with the language's decimal sign. */
export function formOf(contract: Contract, point: string): ContractForm {
  lastId += 1;
  const prices = texts(contract.prices, point);
  return {
    id: lastId,
    name: contract.name,
    from: contract.from,
    until: contract.until ?? "",
    pricing: contract.hourly ? "hourly" : perTariff(prices, "import") ? "tariffs" : "single",
    exportPricing: perTariff(prices, "export") ? "tariffs" : "single",
    prices,
    fixed: texts(contract.fixed, point),
    hourly: texts(contract.hourly, point),
  };
}

function perTariff(prices: Record<string, string>, way: string): boolean {
  return Object.keys(prices).some((name) => name.startsWith(`energy_${way}_t`));
}

function texts(numbers: Record<string, number | string> = {}, point: string): Record<string, string> {
  return Object.fromEntries(
    Object.entries(numbers).map(([name, number]) => [name, String(number).replace(".", point)]),
  );
}

/** The copy of a contract that follows it. */
export function copyOf(form: ContractForm, name: string): ContractForm {
  lastId += 1;
  const { prices, fixed, hourly } = form;
  return {
    ...form,
    id: lastId,
    fresh: true,
    name,
    from: form.until,
    until: "",
    prices: { ...prices },
    fixed: { ...fixed },
    hourly: { ...hourly },
  };
}

/** What the forms say, and where they say no number; an empty field is no price. */
export function contractsOf(forms: readonly ContractForm[]): { contracts: Contract[]; errors: FieldError[] } {
  const errors: FieldError[] = [];
  const contracts = forms.map((form, index) => {
    const numbers = (section: "prices" | "fixed" | "hourly", wanted: (name: string) => boolean) => {
      const found: Record<string, number> = {};
      for (const [name, text] of Object.entries(form[section])) {
        if (text.trim() === "" || !wanted(name)) continue;
        const number = numberFrom(text);
        if (number === undefined)
          errors.push({ parameter: `contracts.${index}.${section}.${name}`, detail: "" });
        else found[name] = number;
      }
      return found;
    };
    return {
      name: form.name.trim(),
      from: form.from,
      ...(form.until ? { until: form.until } : {}),
      prices: numbers("prices", (name) => isShown(name, form)),
      fixed: numbers("fixed", () => true),
      ...(form.pricing === "hourly" ? { hourly: numbers("hourly", () => true) } : {}),
    };
  });
  return { contracts, errors };
}

/** Whether a price belongs to the way of pricing that is chosen; one typed in for another way is left out. */
export function isShown(name: string, form: Pick<ContractForm, "pricing" | "exportPricing">): boolean {
  const electricity = /^energy_(import|export)_(?:t\d+_)?kwh$/.exec(name);
  if (!electricity) return !(form.pricing === "hourly" && name.startsWith("energy_"));
  if (form.pricing === "hourly") return false;
  const pricing = electricity[1] === "import" ? form.pricing : form.exportPricing;
  return /_t\d+_/.test(name) === (pricing === "tariffs");
}

/** A number as people type it, with a point or a comma; undefined for anything else. */
export function numberFrom(text: string): number | undefined {
  const plain = text.trim().replace("−", "-").replace(",", ".");
  return /^-?\d+(\.\d+)?$/.test(plain) ? Number(plain) : undefined;
}

/** What is wrong with one contract, by the place in its form (`prices.gas_m3`); `` is the contract as a whole. */
export function errorsOf(errors: readonly FieldError[], index: number): Record<string, string> {
  const found: Record<string, string> = {};
  for (const { parameter, detail } of errors) {
    const path = /^contracts\.(\d+)(?:\.(.*))?$/.exec(parameter);
    if (path && Number(path[1]) === index) found[placeOf(path[2] ?? "")] = detail;
  }
  return found;
}

/** The field that a path of the service names; a whole section is the contract's own concern. */
function placeOf(path: string): string {
  return path.includes(".") || ["name", "from", "until"].includes(path) ? path : "";
}

/** What is wrong with all of them together. */
export function generalErrors(errors: readonly FieldError[]): string[] {
  return errors.filter(({ parameter }) => !/^contracts\.\d/.test(parameter)).map(({ detail }) => detail);
}

/** The unit of a price, by the end of its name. */
export function unitOf(name: string): string {
  const unit = name.slice(name.lastIndexOf("_") + 1);
  return { kwh: "kWh", m3: "m³", gj: "GJ", kvarh: "kvarh" }[unit] ?? unit;
}
