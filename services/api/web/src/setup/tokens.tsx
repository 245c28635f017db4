import { useCallback, useEffect, useState } from "preact/hooks";
import type { Client } from "../api/client";
import type { Format } from "../format/format";
import { useSession } from "../session/session";
import { Field } from "./field";
import { sentenceOf } from "./trouble";

interface Token {
  name: string;
  scopes: string[];
  created_at: string;
  last_used_at?: string;
}

interface Props {
  client: Client;
  format: Format;
}

/** Keys for other programs: made, shown once, revoked. */
export function TokensPanel({ client, format }: Props) {
  const session = useSession();
  const [tokens, setTokens] = useState<readonly Token[]>([]);
  const [made, setMade] = useState<{ name: string; token: string } | undefined>(undefined);
  const [trouble, tell] = useState("");
  const load = useCallback(async () => {
    try {
      setTokens((await client.get("tokens")) as Token[]);
    } catch (error) {
      tell(sentenceOf(error, format));
    }
  }, [client, format]);
  useEffect(() => void load(), [load]);
  const attempt = async (action: () => Promise<void>) => {
    tell("");
    try {
      await session.control(action);
      await load();
    } catch (error) {
      tell(sentenceOf(error, format));
    }
  };
  const make = (event: SubmitEvent) => {
    event.preventDefault();
    const form = event.currentTarget as HTMLFormElement;
    const fields = new FormData(form);
    const scopes = fields.get("scopes") === "control" ? ["read", "control"] : ["read"];
    return attempt(async () => {
      setMade((await client.send("POST", "tokens", { name: fields.get("name"), scopes })) as typeof made);
      form.reset();
    });
  };
  const revoke = (name: string) =>
    attempt(async () => {
      await client.send("DELETE", `tokens/${encodeURIComponent(name)}`);
      setMade(undefined);
    });
  return (
    <section class="panel" aria-labelledby="tokens">
      <h2 id="tokens" class="caption">
        {format.text("tokens")}
      </h2>
      <p class="note">{format.text("tokens.hint")}</p>
      {made && <MadeToken made={made} format={format} />}
      <ul class="things">
        {tokens.map((token) => (
          <TokenLine
            key={token.name}
            token={token}
            format={format}
            onRevoke={() => void revoke(token.name)}
          />
        ))}
      </ul>
      <form class="fields narrow" onSubmit={(event) => void make(event)}>
        <Field
          label={format.text("tokens.name")}
          hint={format.text("tokens.name.hint")}
          {...(trouble ? { error: trouble } : {})}
        >
          <input name="name" required autocomplete="off" spellcheck={false} />
        </Field>
        <Field label={format.text("tokens.scope")}>
          <select name="scopes">
            <option value="read">{format.text("tokens.read")}</option>
            <option value="control">{format.text("tokens.control")}</option>
          </select>
        </Field>
        <p class="actions">
          <button type="submit" class="button">
            {format.text("tokens.make")}
          </button>
        </p>
      </form>
    </section>
  );
}

function MadeToken({ made, format }: { made: { name: string; token: string }; format: Format }) {
  const [copied, copy] = useState(false);
  return (
    <div class="report" role="status" data-testid="token-made">
      <h3>{format.text("tokens.made", { name: made.name })}</h3>
      <p class="note">{format.text("tokens.once")}</p>
      <p class="secret">
        <code>{made.token}</code>
      </p>
      <button
        type="button"
        class="button plain small"
        onClick={() =>
          navigator.clipboard?.writeText(made.token).then(
            () => copy(true),
            () => undefined,
          )
        }
      >
        {format.text(copied ? "tokens.copied" : "tokens.copy")}
      </button>
    </div>
  );
}

function TokenLine({ token, format, onRevoke }: { token: Token; format: Format; onRevoke: () => void }) {
  const [sure, ask] = useState(false);
  const used = token.last_used_at
    ? format.text("tokens.used", { time: format.moment(Date.parse(token.last_used_at)) })
    : format.text("tokens.unused");
  return (
    <li>
      <p class="head">
        <span class="name">{token.name}</span>
        <span class="note">
          {format.text(token.scopes.includes("control") ? "tokens.control" : "tokens.read")}
        </span>
      </p>
      <p class="note">
        {format.text("tokens.since", { time: format.moment(Date.parse(token.created_at)) })} · {used}
      </p>
      <button
        type="button"
        class="button danger small"
        onClick={() => (sure ? onRevoke() : ask(true))}
        onBlur={() => ask(false)}
      >
        {format.text(sure ? "tokens.revoke.sure" : "tokens.revoke", { name: token.name })}
      </button>
    </li>
  );
}
