import { useEffect, useState } from "preact/hooks";
import type { Reading } from "../api/reading";
import type { Format } from "../format/format";
import { isTextKey } from "../texts/language";
import {
  type ContractForm,
  EXPORT_PRICES,
  FIXED,
  HOURLY,
  IMPORT_PRICES,
  isShown,
  OTHER_PRICES,
  type Pricing,
  unitOf,
} from "./contract-form";
import { Field } from "./field";

type Section = "prices" | "fixed" | "hourly";

interface Props {
  form: ContractForm;
  currency: string;
  /** By place in the form; `` is the contract as a whole. */
  errors: Record<string, string>;
  format: Format;
  reading: Reading | undefined;
  onChange: (form: ContractForm) => void;
  onCopy: () => void;
  onRemove: () => void;
}

/** One contract, folded up as long as it is not worked on. */
export function ContractFields(props: Props) {
  const { form, errors, format, onCopy, onRemove } = props;
  const wrong = Object.keys(errors).length > 0;
  const [open, fold] = useState(form.fresh === true);
  useEffect(() => {
    if (wrong) fold(true);
  }, [wrong]);
  return (
    <details
      class="contract"
      open={open}
      onToggle={(event) => event.target === event.currentTarget && fold(event.currentTarget.open)}
      data-testid="contract"
    >
      <summary>
        <span class="name">{form.name || format.text("contract.unnamed")}</span>
        <span class="note">{spanOf(form, format)}</span>
      </summary>
      {errors[""] && (
        <p class="error" role="alert">
          {errors[""]}
        </p>
      )}
      <Period {...props} />
      <Electricity {...props} />
      <Others {...props} />
      <FixedCosts {...props} />
      <p class="actions">
        <button type="button" class="button plain small" onClick={onCopy}>
          {format.text("contract.copy")}
        </button>
        <button type="button" class="button danger small" onClick={onRemove}>
          {format.text("contract.remove")}
        </button>
      </p>
    </details>
  );
}

function spanOf({ from, until }: ContractForm, format: Format): string {
  const shown = (date: string) => (/^\d{4}-\d\d-\d\d$/.test(date) ? format.calendar(date) : "…");
  return until
    ? format.text("contract.span", { from: shown(from), until: shown(until) })
    : format.text("contract.span.open", { from: shown(from) });
}

function Period({ form, errors, format, onChange }: Props) {
  return (
    <div class="row three">
      <Field label={format.text("contract.name")} {...errorAt(errors, "name")}>
        <input
          value={form.name}
          onInput={(event) => onChange({ ...form, name: event.currentTarget.value })}
        />
      </Field>
      <Field label={format.text("contract.from")} {...errorAt(errors, "from")}>
        <input
          type="date"
          value={form.from}
          onInput={(event) => onChange({ ...form, from: event.currentTarget.value })}
        />
      </Field>
      <Field
        label={format.text("contract.until")}
        hint={format.text("contract.until.hint")}
        {...errorAt(errors, "until")}
      >
        <input
          type="date"
          value={form.until}
          onInput={(event) => onChange({ ...form, until: event.currentTarget.value })}
        />
      </Field>
    </div>
  );
}

function Electricity(props: Props) {
  const { form, format, onChange } = props;
  return (
    <fieldset>
      <legend class="legend">{format.text("contract.electricity")}</legend>
      <Choice
        label={format.text("contract.pricing")}
        value={form.pricing}
        options={["single", "tariffs", "hourly"]}
        format={format}
        onChange={(pricing) => onChange({ ...form, pricing })}
      />
      {form.pricing === "hourly" ? (
        <div class="row three">
          {HOURLY.map((name) => (
            <Amount key={name} section="hourly" name={name} {...props} />
          ))}
        </div>
      ) : (
        <>
          <div class="row">
            {IMPORT_PRICES[form.pricing].map((name) => (
              <Amount key={name} section="prices" name={name} {...props} />
            ))}
          </div>
          <Choice
            label={format.text("contract.pricing.export")}
            value={form.exportPricing}
            options={["single", "tariffs"]}
            format={format}
            onChange={(exportPricing) => onChange({ ...form, exportPricing })}
          />
          <div class="row">
            {EXPORT_PRICES[form.exportPricing].map((name) => (
              <Amount key={name} section="prices" name={name} {...props} />
            ))}
          </div>
          {(form.pricing === "tariffs" || form.exportPricing === "tariffs") && (
            <p class="hint">{format.text("contract.tariffs.hint")}</p>
          )}
        </>
      )}
    </fieldset>
  );
}

const TABLED: readonly string[] = [
  ...IMPORT_PRICES.single,
  ...IMPORT_PRICES.tariffs,
  ...EXPORT_PRICES.single,
  ...EXPORT_PRICES.tariffs,
  ...OTHER_PRICES,
];

/** Gas and what else this house counts or has a price for; the rest can be unfolded. */
function Others(props: Props) {
  const { form, format, reading } = props;
  const further = Object.keys(form.prices).filter((name) => !TABLED.includes(name) && isShown(name, form));
  const usual = (name: string) =>
    name === "gas_m3" || Boolean(form.prices[name]) || reading?.[name] !== undefined;
  const shown = [...OTHER_PRICES.filter(usual), ...further];
  const hidden = OTHER_PRICES.filter((name) => !usual(name));
  return (
    <fieldset>
      <legend class="legend">{format.text("contract.others")}</legend>
      <div class="row">
        {shown.map((name) => (
          <Amount key={name} section="prices" name={name} {...props} />
        ))}
      </div>
      {hidden.length > 0 && (
        <details class="more">
          <summary>{format.text("contract.more")}</summary>
          <div class="row">
            {hidden.map((name) => (
              <Amount key={name} section="prices" name={name} {...props} />
            ))}
          </div>
        </details>
      )}
    </fieldset>
  );
}

function FixedCosts(props: Props) {
  return (
    <fieldset>
      <legend class="legend">{props.format.text("contract.fixed")}</legend>
      <p class="hint">{props.format.text("contract.fixed.hint")}</p>
      <div class="row">
        {FIXED.map((name) => (
          <Amount key={name} section="fixed" name={name} {...props} />
        ))}
      </div>
    </fieldset>
  );
}

function Amount({
  section,
  name,
  form,
  currency,
  errors,
  format,
  onChange,
}: Props & { section: Section; name: string }) {
  const key = section === "fixed" ? `fixed.${name}` : `price.${name}`;
  const unit = name === "tax_percent" ? "%" : section === "fixed" ? currency : `${currency}/${unitOf(name)}`;
  return (
    <Field
      label={isTextKey(key) ? format.text(key) : name}
      unit={unit}
      {...errorAt(errors, `${section}.${name}`)}
    >
      <input
        inputMode="decimal"
        autocomplete="off"
        class="number"
        value={form[section][name] ?? ""}
        onInput={(event) =>
          onChange({ ...form, [section]: { ...form[section], [name]: event.currentTarget.value } })
        }
      />
    </Field>
  );
}

function errorAt(errors: Record<string, string>, place: string): { error?: string } {
  const error = errors[place];
  return error ? { error } : {};
}

interface ChoiceProps<Name extends Pricing> {
  label: string;
  value: Name;
  options: readonly Name[];
  format: Format;
  onChange: (value: Name) => void;
}

function Choice<Name extends Pricing>({ label, value, options, format, onChange }: ChoiceProps<Name>) {
  return (
    <Field label={label}>
      <select value={value} onChange={(event) => onChange(event.currentTarget.value as Name)}>
        {options.map((option) => (
          <option key={option} value={option}>
            {format.text(`pricing.${option}`)}
          </option>
        ))}
      </select>
    </Field>
  );
}
