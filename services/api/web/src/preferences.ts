import { effect, signal } from "@preact/signals";
import type { Client } from "./api/client";
import { ENGLISH, type LanguageCode, preferredLanguage } from "./texts/language";

export type Theme = "light" | "dark";

/** What the service keeps for everybody in the house. */
export interface HousePreferences {
  language?: LanguageCode;
  theme?: Theme;
  timezone?: string;
}

/** Language, theme and time zone: this browser's own choice, else the house's, else the browser's settings. */
export class Preferences {
  readonly language = signal<{ code: LanguageCode; locale: string }>({ code: "en", locale: "en" });
  readonly theme = signal<Theme>("light");
  readonly timezone = signal<string | undefined>(undefined);
  /** What the service keeps, undefined as long as it has not said so. */
  readonly house = signal<HousePreferences | undefined>(undefined);
  private readonly dark = matchMedia("(prefers-color-scheme: dark)");

  constructor(
    private readonly languages: readonly string[],
    private readonly client: Client,
  ) {
    this.language.value = this.languageOf(recall("language"));
    this.theme.value = this.chosenTheme() ?? this.systemTheme();
    this.dark.addEventListener("change", () => this.paint(this.chosenTheme()));
    effect(() => {
      document.documentElement.lang = this.language.value.code;
    });
  }

  /** Ask the service; what somebody chose in this browser alone stays. */
  async load(): Promise<void> {
    try {
      this.adopt((await this.client.get("preferences")) as HousePreferences);
    } catch {
      // What this browser remembers holds.
    }
  }

  /** Keep them for the house, and give up what this browser alone had chosen. Raises ApiError. */
  async save(wanted: HousePreferences): Promise<void> {
    const kept = (await this.client.send("PUT", "preferences", wanted)) as HousePreferences | undefined;
    remember("own", undefined);
    this.adopt(kept ?? wanted);
  }

  /** Dutch becomes English and the reverse, for the whole house where that is ours to say. */
  switchLanguage(shared: boolean): void {
    const code = this.language.peek().code === "nl" ? "en" : "nl";
    remember("language", code);
    remember("own", "yes");
    this.language.value = this.languageOf(code);
    if (shared) this.share({ language: code });
  }

  /** Light becomes dark and the reverse; what the system wants anyway is not remembered. */
  switchTheme(shared: boolean): void {
    const theme: Theme = this.theme.peek() === "dark" ? "light" : "dark";
    remember("theme", theme === this.systemTheme() && !this.house.peek()?.theme ? undefined : theme);
    remember("own", "yes");
    this.paint(theme);
    if (shared) this.share({ theme });
  }

  private share(changed: HousePreferences): void {
    this.save({ ...this.house.peek(), ...changed }).catch(() => {
      // It stays the choice of this browser.
    });
  }

  private adopt(house: HousePreferences): void {
    this.house.value = house;
    this.timezone.value = house.timezone;
    if (recall("own") !== undefined) return;
    if (house.language || recall("language")) {
      remember("language", house.language);
      this.language.value = this.languageOf(house.language);
    }
    if (house.theme || recall("theme")) {
      remember("theme", house.theme);
      this.paint(house.theme);
    }
  }

  private paint(theme: Theme | undefined): void {
    if (theme && theme !== this.systemTheme()) document.documentElement.dataset.theme = theme;
    else delete document.documentElement.dataset.theme;
    this.theme.value = theme ?? this.systemTheme();
  }

  private languageOf(code: string | undefined): { code: LanguageCode; locale: string } {
    if (code !== "nl" && code !== "en") return preferredLanguage(this.languages);
    const locale = this.languages.find((each) => each.toLowerCase().startsWith(code));
    return { code, locale: locale ?? (code === "en" ? ENGLISH : code) };
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
