import type { Format } from "../format/format";
import type { Connection } from "../live/state";

/** The state of the connection in one sentence. */
export function connectionText(link: Connection, format: Format, now: number): string {
  return "since" in link
    ? format.text(`state.${link.kind}`, { time: format.clock(link.since, now) })
    : format.text(`state.${link.kind}`);
}

/** A lamp and the sentence. */
export function ConnectionState({ link, format, now }: { link: Connection; format: Format; now: number }) {
  return (
    <p class="link" data-link={link.kind} data-testid="link">
      <span class="lamp" aria-hidden="true" />
      {connectionText(link, format, now)}
    </p>
  );
}
