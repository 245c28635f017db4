import en from "./en.json";
import nl from "./nl.json";

export type TextKey = keyof typeof en;
export type LanguageCode = "nl" | "en";

const TEXTS: Record<LanguageCode, Record<TextKey, string>> = { nl, en };

/** English as it is written in Europe, where the P1 port is: day before month, 24 hours. */
export const ENGLISH = "en-GB";

/** The first of the wanted languages that there are texts for, English where there is none. */
export function preferredLanguage(wanted: readonly string[]): { code: LanguageCode; locale: string } {
  for (const locale of wanted) {
    const code = locale.toLowerCase().split("-")[0];
    if (code === "nl" || code === "en") return { code, locale };
  }
  return { code: "en", locale: ENGLISH };
}

/** The text of a key with its `{names}` filled in. */
export function text(code: LanguageCode, key: TextKey, values: Record<string, string | number> = {}): string {
  return TEXTS[code][key].replace(/\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole));
}

/** Whether there is a text for the key. */
export function isTextKey(key: string): key is TextKey {
  return key in en;
}
