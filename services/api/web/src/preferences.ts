import { effect, signal } from "@preact/signals";
import { type LanguageCode, preferredLanguage } from "./texts/language";

export type Theme = "light" | "dark";

/** Language and theme: those of the browser, unless the person chose others on this page. */
export class Preferences {
  readonly language = signal<{ code: LanguageCode; locale: string }>({ code: "en", locale: "en" });
  readonly theme = signal<Theme>("light");
  private readonly dark = matchMedia("(prefers-color-scheme: dark)");

  constructor(private readonly languages: readonly string[]) {
    this.language.value = this.languageOf(recall("language"));
    this.theme.value = this.chosenTheme() ?? this.systemTheme();
    this.dark.addEventListener("change", () => {
      this.theme.value = this.chosenTheme() ?? this.systemTheme();
    });
    effect(() => {
      document.documentElement.lang = this.language.value.code;
    });
  }

  /** Dutch becomes English and the reverse. */
  switchLanguage(): void {
    const code = this.language.peek().code === "nl" ? "en" : "nl";
    remember("language", code);
    this.language.value = this.languageOf(code);
  }

  /** Light becomes dark and the reverse; what the system wants anyway is not remembered. */
  switchTheme(): void {
    const theme: Theme = this.theme.peek() === "dark" ? "light" : "dark";
    const own = theme !== this.systemTheme();
    remember("theme", own ? theme : undefined);
    if (own) document.documentElement.dataset.theme = theme;
    else delete document.documentElement.dataset.theme;
    this.theme.value = theme;
  }

  private languageOf(code: string | undefined): { code: LanguageCode; locale: string } {
    if (code !== "nl" && code !== "en") return preferredLanguage(this.languages);
    const locale = this.languages.find((each) => each.toLowerCase().startsWith(code));
    return { code, locale: locale ?? code };
  }

  private chosenTheme(): Theme | undefined {
    const theme = recall("theme");
    return theme === "light" || theme === "dark" ? theme : undefined;
  }

  private systemTheme(): Theme {
    return this.dark.matches ? "dark" : "light";
  }
}

function recall(name: string): string | undefined {
  try {
    return localStorage.getItem(`meterkast.${name}`) ?? undefined;
  } catch {
    return undefined;
  }
}

function remember(name: string, value: string | undefined): void {
  try {
    if (value === undefined) localStorage.removeItem(`meterkast.${name}`);
    else localStorage.setItem(`meterkast.${name}`, value);
  } catch {
    // Storage is refused: the choice holds for this visit.
  }
}
