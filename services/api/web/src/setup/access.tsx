import { useEffect, useState } from "preact/hooks";
import { ApiError } from "../api/client";
import type { Format } from "../format/format";
import type { PlaceProps } from "../route";
import { SHORTEST } from "../session/login";
import { type Session, useSession } from "../session/session";
import { AuditPanel } from "./audit";
import { Field } from "./field";
import { TokensPanel } from "./tokens";
import { sentenceOf } from "./trouble";

/** Password, tokens, and what was changed by whom. */
export function AccessPart({ house, format }: PlaceProps) {
  const session = useSession();
  useEffect(() => void session.load(), [session]);
  return (
    <>
      <LoginPanel session={session} format={format} />
      {session.identity.value.scopes.includes("control") && (
        <>
          <TokensPanel client={house.client} format={format} />
          <AuditPanel client={house.client} format={format} />
        </>
      )}
    </>
  );
}

function LoginPanel({ session, format }: { session: Session; format: Format }) {
  const identity = session.identity.value;
  const controls = identity.scopes.includes("control");
  const [told, tell] = useState("");
  const enter = () =>
    session.enter().catch((error) => {
      tell(sentenceOf(error, format));
    });
  const leave = () =>
    session.logout().catch((error) => {
      tell(sentenceOf(error, format));
    });
  return (
    <section class="panel" aria-labelledby="login">
      <h2 id="login" class="caption">
        {format.text("login")}
      </h2>
      <p data-testid="login-state">
        {format.text(controls ? "access.in" : identity.password_set ? "access.out" : "access.none", {
          name: identity.name ?? "",
        })}
      </p>
      <p class="actions">
        {controls ? (
          identity.password_set && (
            <button type="button" class="button plain" onClick={() => void leave()}>
              {format.text("logout")}
            </button>
          )
        ) : (
          <button type="button" class="button" onClick={() => void enter()}>
            {format.text(identity.login === "setup" ? "login.choose" : "login")}
          </button>
        )}
        <span role="status" class="error">
          {told}
        </span>
      </p>
      {controls && identity.password_set && <PasswordForm session={session} format={format} />}
    </section>
  );
}

function PasswordForm({ session, format }: { session: Session; format: Format }) {
  const [told, tell] = useState<{ text: string; bad: boolean }>({ text: "", bad: false });
  const change = async (event: SubmitEvent) => {
    event.preventDefault();
    const form = event.currentTarget as HTMLFormElement;
    const fields = new FormData(form);
    try {
      await session.setPassword({
        password: String(fields.get("password")),
        current: String(fields.get("current")),
      });
      form.reset();
      tell({ text: format.text("password.changed"), bad: false });
    } catch (error) {
      const wrong = error instanceof ApiError && error.kind === "wrong-password";
      tell({ text: wrong ? format.text("login.wrong") : sentenceOf(error, format), bad: true });
    }
  };
  return (
    <details class="more">
      <summary>{format.text("password.change")}</summary>
      <form class="fields narrow" onSubmit={(event) => void change(event)}>
        <Field label={format.text("password.current")}>
          <input type="password" name="current" required autocomplete="current-password" />
        </Field>
        <Field label={format.text("password.new")}>
          <input type="password" name="password" required minLength={SHORTEST} autocomplete="new-password" />
        </Field>
        <p class="actions">
          <button type="submit" class="button">
            {format.text("password.change")}
          </button>
          <span role="status" class={told.bad ? "error" : "note"}>
            {told.text}
          </span>
        </p>
      </form>
    </details>
  );
}
