import { describe, expect, it } from "vitest";
import en from "../src/texts/en.json";
import { preferredLanguage, type TextKey, text } from "../src/texts/language";
import nl from "../src/texts/nl.json";

const sources = import.meta.glob("../src/**/*.{ts,tsx}", { query: "?raw", import: "default", eager: true });
const names = (sentence: string) => [...sentence.matchAll(/\{(\w+)\}/g)].map(([, name]) => name).sort();

describe("the texts", () => {
  it("have the same keys in every language, and none of them is empty", () => {
    expect(Object.keys(nl).sort()).toEqual(Object.keys(en).sort());
    for (const sentence of [...Object.values(nl), ...Object.values(en)]) expect(sentence.trim()).not.toBe("");
  });

  it("name the same values in every language", () => {
    for (const key of Object.keys(en) as TextKey[]) expect(names(nl[key]), key).toEqual(names(en[key]));
  });

  it("are all used", () => {
    const code = Object.values(sources).join("\n");
    const built = [...code.matchAll(/`([a-z_.]+\.)\$\{/g)].map(([, prefix = ""]) => prefix);
    const unused = Object.keys(en).filter(
      (key) => !code.includes(`"${key}"`) && !built.some((prefix) => key.startsWith(prefix)),
    );
    expect(unused).toEqual([]);
  });

  it("are filled in", () => {
    expect(text("nl", "state.quiet", { time: "12:00" })).toBe("Geen gegevens sinds 12:00");
  });

  it("are in the first language of the browser that there is, else in English", () => {
    expect(preferredLanguage(["fr-BE", "nl-BE", "en"])).toEqual({ code: "nl", locale: "nl-BE" });
    expect(preferredLanguage(["de"])).toEqual({ code: "en", locale: "en-GB" });
  });
});
