import type { LanguageCode } from "../texts/language";

/** One value of the catalogue, as `/catalogue` lists it. */
export interface Entry {
  name: string;
  unit: string;
  quantity: string;
  kind: string;
  label: Record<LanguageCode, string>;
  codes: readonly string[];
  standard: string;
}

/** The catalogue, searched by code and by name. */
export class Catalogue {
  private readonly names: ReadonlyMap<string, Entry>;
  private readonly patterns: readonly [pattern: RegExp, entry: Entry][];

  constructor(readonly entries: readonly Entry[]) {
    this.names = new Map(entries.map((entry) => [entry.name, entry]));
    this.patterns = entries.flatMap((entry) =>
      entry.codes.map((code): [RegExp, Entry] => [patternOf(code), entry]),
    );
  }

  named(name: string): Entry | undefined {
    return this.names.get(name);
  }

  /** The values that a code can stand for: several where its unit or its device decides. */
  coded(code: string): Entry[] {
    const plain = code.replace(/\.255$/, "");
    return this.patterns
      .filter(([pattern]) => pattern.test(code) || pattern.test(plain))
      .map(([, entry]) => entry);
  }
}

/** `?` stands for 0 or 1, `n` for an M-Bus channel. */
function patternOf(code: string): RegExp {
  const parts = [...code].map((each) => PLACEHOLDERS[each] ?? each.replace(/[.*+]/, "\\$&"));
  return new RegExp(`^${parts.join("")}$`);
}

const PLACEHOLDERS: Record<string, string> = { "?": "[01]", n: "[1-9]" };
