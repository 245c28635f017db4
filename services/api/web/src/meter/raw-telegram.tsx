import { useMemo, useState } from "preact/hooks";
import type { Format } from "../format/format";
import type { Catalogue } from "./catalogue";
import { Explainer, type Explanation } from "./explain";
import type { Telegram } from "./telegram";

interface Props {
  telegram: Telegram | undefined;
  catalogue: Catalogue | undefined;
  format: Format;
  held: boolean;
  onHold: () => void;
}

const STEPS: Record<string, number> = { ArrowDown: 1, ArrowUp: -1, PageDown: 10, PageUp: -10 };

/** The telegram as the meter sent it; the line that one points at is explained. */
export function RawTelegram({ telegram, catalogue, format, held, onHold }: Props) {
  const [pointed, point] = useState<number | undefined>(undefined);
  const explained = useMemo(() => {
    if (!telegram || !catalogue) return [];
    const explainer = new Explainer(telegram, catalogue, format);
    return telegram.lines.map((line) => explainer.explain(line));
  }, [telegram, catalogue, format]);
  const lines = telegram?.lines ?? [];
  const last = lines.length - 1;
  const step = (event: KeyboardEvent) => {
    const way = STEPS[event.key];
    if (way === undefined) return;
    event.preventDefault();
    let next = Math.min(Math.max((pointed ?? (way > 0 ? -1 : last + 1)) + way, 0), last);
    if (lines[next]?.kind === "blank") next += Math.sign(way);
    point(next);
    document.getElementById(`line-${next}`)?.scrollIntoView({ block: "nearest" });
  };
  return (
    <section class="panel telegram" aria-labelledby="telegram">
      <header>
        <h2 id="telegram" class="caption">
          {format.text("telegram")}
        </h2>
        <button type="button" class="button plain small" aria-pressed={held} onClick={onHold}>
          {format.text(held ? "telegram.go" : "telegram.hold")}
        </button>
      </header>
      {telegram ? (
        <div class="reading-desk">
          <div
            class="raw"
            role="listbox"
            tabIndex={0}
            aria-label={format.text("telegram.lines")}
            aria-activedescendant={pointed === undefined ? undefined : `line-${pointed}`}
            onKeyDown={step}
          >
            {lines.map((line, index) =>
              line.kind === "blank" ? (
                <div key={index} class="blank" aria-hidden="true" />
              ) : (
                <Line
                  key={index}
                  index={index}
                  text={line.text}
                  explanation={explained[index]}
                  pointed={index === pointed}
                  onPoint={point}
                />
              ),
            )}
          </div>
          <Meaning explanation={pointed === undefined ? undefined : explained[pointed]} format={format} />
        </div>
      ) : (
        <p class="note">{format.text("telegram.none")}</p>
      )}
    </section>
  );
}

interface LineProps {
  index: number;
  text: string;
  explanation: Explanation | undefined;
  pointed: boolean;
  onPoint: (index: number) => void;
}

function Line({ index, text, explanation, pointed, onPoint }: LineProps) {
  const meaning = explanation && [explanation.title, ...explanation.values].join(", ");
  return (
    // biome-ignore lint/a11y/useFocusableInteractive: the list has the focus and names its active line
    // biome-ignore lint/a11y/useKeyWithClickEvents: the list takes the keys
    <div
      id={`line-${index}`}
      class="line"
      role="option"
      aria-selected={pointed}
      aria-label={meaning ? `${text}: ${meaning}` : text}
      data-known={explanation?.known !== false}
      onClick={() => onPoint(index)}
      onPointerEnter={(event) => event.pointerType === "mouse" && onPoint(index)}
    >
      {text}
    </div>
  );
}

function Meaning({ explanation, format }: { explanation: Explanation | undefined; format: Format }) {
  return (
    <div class="meaning" data-testid="meaning" data-known={explanation?.known !== false}>
      {explanation ? (
        <>
          <p class="title">{explanation.title}</p>
          {explanation.values.map((value) => (
            <p key={value} class="value">
              {value}
            </p>
          ))}
          {explanation.source && <p class="note">{explanation.source}</p>}
        </>
      ) : (
        <p class="note">{format.text("telegram.point")}</p>
      )}
    </div>
  );
}
