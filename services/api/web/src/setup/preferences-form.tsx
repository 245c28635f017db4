import { useState } from "preact/hooks";
import { ApiError } from "../api/client";
import type { HousePreferences } from "../preferences";
import type { PlaceProps } from "../route";
import { useSession } from "../session/session";
import { text } from "../texts/language";
import { Field } from "./field";
import { sentenceOf } from "./trouble";

const ZONES = Intl.supportedValuesOf("timeZone");
const LANGUAGES = { nl: "Nederlands", en: "English" } as const;

/** What the service keeps for everybody in the house. */
export function PreferencesPart({ house, preferences, format }: PlaceProps) {
  const session = useSession();
  const [told, tell] = useState<{ text: string; bad: boolean }>({ text: "", bad: false });
  const [wrong, setWrong] = useState("");
  const kept = preferences.house.value ?? {};
  const zone = kept.timezone ?? house.zone.value;
  const save = async (event: SubmitEvent) => {
    event.preventDefault();
    const fields = new FormData(event.currentTarget as HTMLFormElement);
    setWrong("");
    try {
      await session.control(() => preferences.save(wantedOf(fields)));
      tell({ text: text(preferences.language.value.code, "saved"), bad: false });
    } catch (error) {
      const listed = error instanceof ApiError ? error.errors : [];
      setWrong(listed.find(({ parameter }) => parameter === "timezone")?.detail ?? "");
      tell({ text: sentenceOf(error, format), bad: true });
    }
  };
  return (
    <section class="panel" aria-labelledby="preferences">
      <h2 id="preferences" class="caption">
        {format.text("setup.preferences")}
      </h2>
      <p class="note">{format.text("preferences.hint")}</p>
      <form class="fields narrow" key={JSON.stringify([kept, zone])} onSubmit={(event) => void save(event)}>
        <Field label={format.text("preferences.language")}>
          <select name="language">
            <option value="">{format.text("preferences.language.auto")}</option>
            {Object.entries(LANGUAGES).map(([code, name]) => (
              <option key={code} value={code} lang={code} selected={code === kept.language}>
                {name}
              </option>
            ))}
          </select>
        </Field>
        <Field label={format.text("preferences.theme")}>
          <select name="theme">
            <option value="">{format.text("preferences.theme.auto")}</option>
            {(["light", "dark"] as const).map((theme) => (
              <option key={theme} value={theme} selected={theme === kept.theme}>
                {format.text(`theme.${theme}`)}
              </option>
            ))}
          </select>
        </Field>
        <Field
          label={format.text("preferences.timezone")}
          hint={format.text("preferences.timezone.hint")}
          {...(wrong ? { error: wrong } : {})}
        >
          <select name="timezone">
            {!ZONES.includes(zone) && (
              <option value={zone} selected>
                {zone}
              </option>
            )}
            {ZONES.map((name) => (
              <option key={name} value={name} selected={name === zone}>
                {name.replaceAll("_", " ")}
              </option>
            ))}
          </select>
        </Field>
        <p class="actions">
          <button type="submit" class="button">
            {format.text("save")}
          </button>
          <span role="status" class={told.bad ? "error" : "note"}>
            {told.text}
          </span>
        </p>
      </form>
    </section>
  );
}

function wantedOf(fields: FormData): HousePreferences {
  const language = fields.get("language");
  const theme = fields.get("theme");
  return {
    timezone: String(fields.get("timezone")),
    ...(language === "nl" || language === "en" ? { language } : {}),
    ...(theme === "light" || theme === "dark" ? { theme } : {}),
  };
}
