import { useEffect, useState } from "preact/hooks";
import type { Rejected } from "../api/shapes";
import type { Format } from "../format/format";
import type { House } from "../live/house";
import { isTextKey } from "../texts/language";

interface Props {
  house: House;
  gateway: string;
  format: Format;
}

/** Telegrams that were refused, and why; not there where there are none. */
export function RejectedList({ house, gateway, format }: Props) {
  const [rejected, setRejected] = useState<readonly Rejected[]>([]);
  const open = house.state.value.stream === "open";
  useEffect(() => {
    if (!open) return;
    house.client.get(`meters/${gateway}/rejected`).then(
      (answer) => setRejected((answer as { rejected: Rejected[] }).rejected),
      () => setRejected([]),
    );
  }, [house, gateway, open]);
  if (rejected.length === 0) return null;
  return (
    <section class="panel events rejected" aria-labelledby="rejected">
      <h2 id="rejected" class="caption">
        {format.text("rejected")}
      </h2>
      <p class="note">{format.text("rejected.hint")}</p>
      <ul>
        {rejected.map((each) => (
          <li key={`${each.received_at} ${each.reason} ${each.count}`} data-testid="rejected">
            <time dateTime={each.received_at}>{format.full(Date.parse(each.received_at))}</time>
            <span class="kind">{reasonOf(each, format)}</span>
            <span class="told" lang="en">
              {each.detail}
            </span>
            {each.payload_base64 && (
              <details>
                <summary>{format.text("rejected.bytes", { count: format.number(each.length) })}</summary>
                <pre>{latin1(each.payload_base64)}</pre>
              </details>
            )}
          </li>
        ))}
      </ul>
    </section>
  );
}

function reasonOf({ reason }: Rejected, format: Format): string {
  const key = `reason.${reason}`;
  return isTextKey(key) ? format.text(key) : reason;
}

/** The bytes as text, what cannot be printed as a dot. */
function latin1(base64: string): string {
  return atob(base64).replace(/[^\n\r\x20-\x7e\xa0-\xff]/g, "·");
}
