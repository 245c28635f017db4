import type { Format } from "../format/format";
import type { Preferences } from "../preferences";
import type { Session } from "../session/session";

interface Props {
  preferences: Preferences;
  session: Session;
  format: Format;
}

/** Language and theme. */
export function Toolbar({ preferences, session, format }: Props) {
  const dark = preferences.theme.value === "dark";
  const other = preferences.language.value.code === "nl" ? "en" : "nl";
  const theme = format.text(dark ? "theme.light" : "theme.dark");
  return (
    <div class="tools">
      <button
        type="button"
        class="tool"
        lang={other}
        onClick={() => preferences.switchLanguage(session.controls)}
      >
        <span class="short" aria-hidden="true">
          {other.toUpperCase()}
        </span>
        <span class="unseen">{format.text("language.switch")}</span>
      </button>
      <button
        type="button"
        class="tool"
        title={theme}
        onClick={() => preferences.switchTheme(session.controls)}
      >
        <svg viewBox="0 0 20 20" width="18" height="18" aria-hidden="true">
          {dark ? (
            <path d="M10 2.5v2M10 15.5v2M2.5 10h2M15.5 10h2M4.7 4.7l1.4 1.4M13.9 13.9l1.4 1.4M4.7 15.3l1.4-1.4M13.9 6.1l1.4-1.4M13.2 10a3.2 3.2 0 1 1-6.4 0 3.2 3.2 0 0 1 6.4 0Z" />
          ) : (
            <path d="M16.5 12.2A7 7 0 0 1 7.8 3.5a7 7 0 1 0 8.7 8.7Z" />
          )}
        </svg>
        <span class="unseen">{theme}</span>
      </button>
    </div>
  );
}
