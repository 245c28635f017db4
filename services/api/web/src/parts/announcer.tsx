import { useEffect, useRef, useState } from "preact/hooks";
import { netPower, type Reading } from "../api/reading";
import type { Format } from "../format/format";
import type { Connection } from "../live/state";
import { connectionText } from "./connection";

const CALM_MS = 10_000;

interface Props {
  link: Connection;
  reading: Reading | undefined;
  format: Format;
  now: number;
}

/** Tells a screen reader what matters (connection and direction), at most once in ten seconds; numbers are left alone. */
export function Announcer({ link, reading, format, now }: Props) {
  const power = reading && netPower(reading);
  const direction = power === undefined || power === 0 ? "" : power > 0 ? "says.import" : "says.export";
  const state = link.kind === "connecting" ? "" : connectionText(link, format, now);
  const wanted = [state, link.kind === "live" && direction && format.text(direction)]
    .filter(Boolean)
    .join(". ");
  const [said, say] = useState("");
  const last = useRef(Number.NEGATIVE_INFINITY);
  useEffect(() => {
    if (wanted === said || now - last.current < CALM_MS) return;
    last.current = now;
    say(wanted);
  }, [wanted, said, now]);
  return (
    <p class="unseen" aria-live="polite">
      {said}
    </p>
  );
}
