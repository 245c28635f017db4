import { useEffect, useRef, useState } from "preact/hooks";
import { netPower, type Reading } from "../api/reading";
import type { Format } from "../format/format";
import type { Connection } from "../live/state";
import { connectionText } from "./connection";

const SETTLED_MS = 1_000;
const CALM_MS = 10_000;
const SAME_LINK_CALM_MS = 60_000;

interface Props {
  link: Connection;
  reading: Reading | undefined;
  format: Format;
  now: number;
}

/** Tells a screen reader of the connection and, at most once a minute, of the direction; numbers are left alone. */
export function Announcer({ link, reading, format, now }: Props) {
  const power = reading && netPower(reading);
  const direction = power === undefined || power === 0 ? "" : power > 0 ? "says.import" : "says.export";
  const state =
    link.kind === "connecting" || link.kind === "refused" ? "" : connectionText(link, format, now);
  const wanted = [state, link.kind === "live" && direction && format.text(direction)]
    .filter(Boolean)
    .join(". ");
  const [said, say] = useState("");
  const last = useRef({ at: Number.NEGATIVE_INFINITY, link: "", wanted: "", since: now });
  useEffect(() => {
    const memory = last.current;
    if (memory.wanted !== wanted) Object.assign(memory, { wanted, since: now });
    const calm = memory.link === link.kind ? SAME_LINK_CALM_MS : CALM_MS;
    if (wanted === said || now - memory.since < SETTLED_MS || now - memory.at < calm) return;
    Object.assign(memory, { at: now, link: link.kind });
    say(wanted);
  }, [wanted, said, now, link.kind]);
  return (
    <p class="unseen" aria-live="polite">
      {said}
    </p>
  );
}
