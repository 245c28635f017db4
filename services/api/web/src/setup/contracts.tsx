import { signal } from "@preact/signals";
import { useEffect, useState } from "preact/hooks";
import { ApiError, type FieldError } from "../api/client";
import type { Format } from "../format/format";
import type { PlaceProps } from "../route";
import { useSession } from "../session/session";
import { ContractFields } from "./contract-fields";
import {
  type ContractForm,
  type Contracts,
  contractsOf,
  copyOf,
  errorsOf,
  formOf,
  generalErrors,
} from "./contract-form";
import { Field } from "./field";
import { sentenceOf } from "./trouble";

/** What is typed in stays while one looks at another place. */
const draft = signal<{ currency: string; forms: ContractForm[]; changed: boolean } | undefined>(undefined);

/** The contracts, one after another. */
export function ContractsPart({ house, format }: PlaceProps) {
  const session = useSession();
  const [errors, setErrors] = useState<readonly FieldError[]>([]);
  const [told, tell] = useState<{ text: string; bad: boolean }>({ text: "", bad: false });
  const open = house.state.value.stream === "open";
  const point = format.number(0.5, 1).charAt(1);
  useEffect(() => {
    if (!open || draft.peek()?.changed) return;
    house.client.get("contracts").then(
      (answer) => adopt(answer as Contracts, point),
      (error) => tell({ text: sentenceOf(error, format), bad: true }),
    );
  }, [house, open, point, format]);
  const now = draft.value;
  if (!now) return <section class="panel">{told.text && <p class="error">{told.text}</p>}</section>;

  const change = (forms: ContractForm[], currency = now.currency) => {
    draft.value = { currency, forms, changed: true };
    tell({ text: "", bad: false });
  };
  const save = async (event: SubmitEvent) => {
    event.preventDefault();
    const { contracts, errors: mistyped } = contractsOf(now.forms);
    setErrors(mistyped.map((each) => ({ ...each, detail: format.text("contract.number") })));
    if (mistyped.length > 0) return;
    try {
      const wanted = { currency: now.currency, contracts };
      const kept = await session.control(() => house.client.send("PUT", "contracts", wanted));
      adopt((kept ?? wanted) as Contracts, point);
      tell({ text: format.text("saved"), bad: false });
    } catch (error) {
      const listed = error instanceof ApiError ? error.errors : [];
      setErrors(listed);
      const general = generalErrors(listed).join(" ");
      tell({
        text: listed.length > 0 ? general || format.text("contracts.wrong") : sentenceOf(error, format),
        bad: true,
      });
    }
  };
  return (
    <section class="panel contracts" aria-labelledby="contracts">
      <h2 id="contracts" class="caption">
        {format.text("contracts")}
      </h2>
      <p class="note">{format.text("contracts.hint")}</p>
      <form onSubmit={(event) => void save(event)} noValidate>
        {now.forms.map((form, index) => (
          <ContractFields
            key={form.id}
            form={form}
            currency={now.currency}
            errors={errorsOf(errors, index)}
            format={format}
            reading={house.gateway.value?.reading}
            onChange={(changed) => change(now.forms.map((each) => (each.id === form.id ? changed : each)))}
            onCopy={() =>
              change([...now.forms, copyOf(form, format.text("contract.copied", { name: form.name }))])
            }
            onRemove={() => change(now.forms.filter((each) => each.id !== form.id))}
          />
        ))}
        <div class="actions">
          <button
            type="button"
            class="button plain"
            onClick={() => change([...now.forms, fresh(now.forms, format, point)])}
          >
            {format.text("contracts.add")}
          </button>
          <Currency value={now.currency} format={format} onChange={(code) => change(now.forms, code)} />
        </div>
        <p class="actions save">
          <button type="submit" class="button" disabled={!now.changed}>
            {format.text("save")}
          </button>
          <span role="status" class={told.bad ? "error" : "note"}>
            {told.text || (now.changed ? format.text("unsaved") : "")}
          </span>
        </p>
      </form>
    </section>
  );
}

function adopt({ currency, contracts }: Contracts, point: string): void {
  const former = draft.peek()?.forms ?? [];
  const forms = contracts.map((contract) => {
    const form = formOf(contract, point);
    return { ...form, id: former.find(({ from }) => from === form.from)?.id ?? form.id };
  });
  draft.value = { currency, forms, changed: false };
}

/** An empty contract: from where the last one ends, or from the first day of this year. */
function fresh(forms: readonly ContractForm[], format: Format, point: string): ContractForm {
  const from = forms.at(-1)?.until || `${new Date().getFullYear()}-01-01`;
  const name = format.text("contract.new", { number: forms.length + 1 });
  return { ...formOf({ name, from }, point), fresh: true };
}

interface CurrencyProps {
  value: string;
  format: Format;
  onChange: (code: string) => void;
}

function Currency({ value, format, onChange }: CurrencyProps) {
  return (
    <div class="currency">
      <Field label={format.text("contracts.currency")}>
        <input
          value={value}
          maxLength={3}
          spellcheck={false}
          autocomplete="off"
          onInput={(event) => onChange(event.currentTarget.value.toUpperCase())}
        />
      </Field>
    </div>
  );
}
