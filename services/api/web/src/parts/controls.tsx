import "./controls.css";

interface ChoicesProps<Name extends string> {
  label: string;
  kind: string;
  chosen: Name;
  options: readonly (readonly [name: Name, text: string])[];
  onChoose: (name: Name) => void;
}

/** One of a few, as buttons beside each other. */
export function Choices<Name extends string>({ label, kind, chosen, options, onChoose }: ChoicesProps<Name>) {
  return (
    <fieldset class={`segments ${kind}`}>
      <legend class="unseen">{label}</legend>
      {options.map(([name, text]) => (
        <button
          key={name}
          type="button"
          aria-pressed={name === chosen}
          data-testid={`${kind}-${name}`}
          onClick={() => onChoose(name)}
        >
          {text}
        </button>
      ))}
    </fieldset>
  );
}

interface StepProps {
  way: "back" | "on";
  label: string;
  disabled?: boolean;
  onPress: () => void;
}

const ARROWS = { back: "M12 4.5 6.5 10l5.5 5.5", on: "m8 4.5 5.5 5.5L8 15.5" };

/** One step back or on. */
export function StepButton({ way, label, disabled = false, onPress }: StepProps) {
  return (
    <button type="button" class={`step ${way}`} disabled={disabled} onClick={onPress}>
      <svg viewBox="0 0 20 20" width="20" height="20" aria-hidden="true">
        <path d={ARROWS[way]} />
      </svg>
      <span class="unseen">{label}</span>
    </button>
  );
}

interface DateProps {
  label: string;
  value: string;
  max: string;
  onChoose: (day: string) => void;
}

/** A date; where there is little room it is the button that opens the calendar. */
export function DateField({ label, value, max, onChoose }: DateProps) {
  return (
    <label class="date">
      <span class="unseen">{label}</span>
      <svg viewBox="0 0 20 20" width="20" height="20" aria-hidden="true">
        <path d="M4 5.5h12v11H4zM4 9h12M7 3.5v3.5M13 3.5v3.5" />
      </svg>
      <input
        type="date"
        value={value}
        max={max}
        onChange={({ currentTarget }) => onChoose(currentTarget.value)}
      />
    </label>
  );
}
