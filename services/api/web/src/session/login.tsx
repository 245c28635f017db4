import { useEffect, useRef, useState } from "preact/hooks";
import { ApiError } from "../api/client";
import type { Format } from "../format/format";
import type { House } from "../live/house";
import { Field } from "../setup/field";
import type { Session } from "./session";

/** A password that is chosen has so many characters at least. */
export const SHORTEST = 8;

interface Props {
  session: Session;
  format: Format;
}

/** The login in place, over what asked for it. */
export function LoginDialog({ session, format }: Props) {
  const dialog = useRef<HTMLDialogElement>(null);
  const open = session.asking.value !== undefined;
  useEffect(() => {
    if (open) dialog.current?.showModal();
    else dialog.current?.close();
  }, [open]);
  return (
    <dialog ref={dialog} class="dialog" aria-labelledby="login-title" onClose={() => session.cancel()}>
      {open && (
        <>
          <h2 id="login-title">{format.text(title(session))}</h2>
          <p class="note">{format.text("login.why")}</p>
          <LoginForm session={session} format={format} onCancel={() => session.cancel()} />
        </>
      )}
    </dialog>
  );
}

/** The login instead of the page, where even reading needs one. */
export function LoginPanel({ session, format, house }: Props & { house: House }) {
  useEffect(() => void session.load(), [session]);
  return (
    <section class="panel login" aria-labelledby="login-title">
      <h2 id="login-title">{format.text(title(session))}</h2>
      <p class="note">{format.text("login.read")}</p>
      <LoginForm session={session} format={format} onDone={() => void house.connect()} />
    </section>
  );
}

function title(session: Session): "login.choose" | "login" {
  return session.identity.value.login === "setup" ? "login.choose" : "login";
}

interface FormProps extends Props {
  onDone?: () => void;
  onCancel?: () => void;
}

function LoginForm({ session, format, onDone, onCancel }: FormProps) {
  const [trouble, tell] = useState("");
  const [busy, work] = useState(false);
  const first = session.identity.value.login === "setup";
  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    const fields = new FormData(event.currentTarget as HTMLFormElement);
    const password = String(fields.get("password"));
    work(true);
    try {
      if (first) await session.setPassword({ password, setup_code: String(fields.get("code")) });
      else await session.login(password);
      onDone?.();
    } catch (error) {
      tell(reason(error, format));
    } finally {
      work(false);
    }
  };
  return (
    <form class="fields" onSubmit={submit}>
      <input
        class="unseen"
        type="text"
        name="username"
        autocomplete="username"
        value="owner"
        readOnly
        tabIndex={-1}
        aria-hidden="true"
      />
      {first && (
        <Field label={format.text("login.code")} hint={format.text("login.code.hint")}>
          <input name="code" required autocomplete="one-time-code" spellcheck={false} autofocus />
        </Field>
      )}
      <Field
        label={format.text(first ? "password.new" : "login.password")}
        {...(trouble ? { error: trouble } : {})}
      >
        <input
          type="password"
          name="password"
          required
          minLength={first ? SHORTEST : undefined}
          autocomplete={first ? "new-password" : "current-password"}
          autofocus={!first}
        />
      </Field>
      <p class="actions">
        <button type="submit" class="button" disabled={busy}>
          {format.text(first ? "login.choose" : "login")}
        </button>
        {onCancel && (
          <button type="button" class="button plain" onClick={onCancel}>
            {format.text("cancel")}
          </button>
        )}
      </p>
    </form>
  );
}

/** Why a login was refused. */
function reason(error: unknown, format: Format): string {
  if (!(error instanceof ApiError)) return format.text("trouble.server");
  if (error.kind === "wrong-password") return format.text("login.wrong");
  if (error.status === 429)
    return format.text("login.wait", { time: format.duration(error.retryAfterS ?? 60) });
  return error.detail || format.text("trouble.server");
}
