import { cloneElement, type JSX, toChildArray, type VNode } from "preact";
import { useId } from "preact/hooks";

interface Props {
  label: string;
  hint?: string;
  error?: string;
  /** Stands behind the input, such as a unit. */
  unit?: string;
  children: JSX.Element;
}

/** An input with its label, and what is wrong with it or how to fill it in. */
export function Field({ label, hint, error, unit, children }: Props) {
  const id = useId();
  const told = [hint && `${id}-hint`, error && `${id}-error`].filter(Boolean).join(" ");
  const [input] = toChildArray(children) as [VNode];
  return (
    <div class="field">
      <label for={id}>{label}</label>
      <span class="input">
        {cloneElement(input, {
          id,
          ...(told ? { "aria-describedby": told } : {}),
          ...(error ? { "aria-invalid": true } : {}),
        })}
        {unit && <span class="unit">{unit}</span>}
      </span>
      {hint && (
        <p id={`${id}-hint`} class="hint">
          {hint}
        </p>
      )}
      {error && (
        <p id={`${id}-error`} class="error" role="alert">
          {error}
        </p>
      )}
    </div>
  );
}
