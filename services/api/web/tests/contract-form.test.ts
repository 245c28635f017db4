import { describe, expect, it } from "vitest";
import { contractsOf, copyOf, errorsOf, formOf, generalErrors, numberFrom } from "../src/setup/contract-form";

const CONTRACT = {
  name: "Fixed",
  from: "2025-01-01",
  until: "2026-01-01",
  prices: {
    energy_import_t1_kwh: "0.27120",
    energy_import_t2_kwh: 0.295,
    energy_export_kwh: 0.07,
    gas_m3: "1.21",
  },
  fixed: { electricity: 7.25, other: -52.62 },
};

describe("the form of a contract", () => {
  it("gives back the contract that it was made of", () => {
    const { contracts, errors } = contractsOf([formOf(CONTRACT, ",")]);
    expect(errors).toEqual([]);
    expect(contracts).toEqual([
      { ...CONTRACT, prices: { ...CONTRACT.prices, energy_import_t1_kwh: 0.2712, gas_m3: 1.21 } },
    ]);
  });

  it("shows numbers with the language's decimal sign, every digit kept", () => {
    expect(formOf(CONTRACT, ",").prices.energy_import_t1_kwh).toBe("0,27120");
  });

  it("leaves out what is empty, and what belongs to another way of pricing", () => {
    const form = formOf(CONTRACT, ".");
    form.pricing = "hourly";
    form.hourly = { import_markup_kwh: "0,04", tax_percent: "21", export_markup_kwh: " " };
    form.until = "";
    expect(contractsOf([form]).contracts).toEqual([
      {
        name: "Fixed",
        from: "2025-01-01",
        prices: { gas_m3: 1.21 },
        fixed: CONTRACT.fixed,
        hourly: { import_markup_kwh: 0.04, tax_percent: 21 },
      },
    ]);
  });

  it("keeps prices that it has no field for", () => {
    const form = formOf({ name: "x", from: "2025-01-01", prices: { energy_import_t3_kwh: 0.3 } }, ".");
    expect(contractsOf([form]).contracts[0]?.prices).toEqual({ energy_import_t3_kwh: 0.3 });
  });

  it("says which field holds no number, and sends nothing made up", () => {
    const form = formOf(CONTRACT, ".");
    form.prices.gas_m3 = "1.21 euro";
    const { errors } = contractsOf([formOf(CONTRACT, "."), form]);
    expect(errors.map(({ parameter }) => parameter)).toEqual(["contracts.1.prices.gas_m3"]);
  });

  it("is copied as what follows", () => {
    const form = formOf(CONTRACT, ".");
    const copy = copyOf(form, "Next");
    copy.prices.gas_m3 = "9";
    expect([copy.name, copy.from, copy.until, form.prices.gas_m3]).toEqual([
      "Next",
      "2026-01-01",
      "",
      "1.21",
    ]);
    expect(copy.id).not.toBe(form.id);
  });
});

describe("a number as people type it", () => {
  it("has a point or a comma", () => {
    expect([" 0,28 ", "0.28", "-5", "−5,5"].map(numberFrom)).toEqual([0.28, 0.28, -5, -5.5]);
  });

  it("is nothing else", () => {
    for (const text of ["1.000,50", "abc", "1e3", "", "."]) expect(numberFrom(text)).toBeUndefined();
  });
});

describe("the service's errors", () => {
  const errors = [
    { parameter: "contracts.0.prices.gas_m3", detail: "no number" },
    { parameter: "contracts.0.prices", detail: "both" },
    { parameter: "contracts.1.from", detail: "no day" },
    { parameter: "contracts", detail: "overlap" },
    { parameter: "currency", detail: "unknown" },
  ];

  it("stand at the field they are about, at the contract where they are about more", () => {
    expect(errorsOf(errors, 0)).toEqual({ "prices.gas_m3": "no number", "": "both" });
    expect(errorsOf(errors, 1)).toEqual({ from: "no day" });
  });

  it("stand at the end where they are about all", () => {
    expect(generalErrors(errors)).toEqual(["overlap", "unknown"]);
  });
});
