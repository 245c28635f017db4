import { useEffect, useState } from "preact/hooks";
import type { Events, MeterEvent } from "../api/shapes";
import type { Format } from "../format/format";
import type { House } from "../live/house";
import { isTextKey } from "../texts/language";
import { eventText } from "./event-text";

const PAGE = "50";
const SINCE = "-3650d";

interface Props {
  house: House;
  gateway: string;
  format: Format;
}

/** What has happened to the meter, newest first, a page at a time. */
export function EventList({ house, gateway, format }: Props) {
  const [events, setEvents] = useState<readonly MeterEvent[] | undefined>(undefined);
  const [next, setNext] = useState<string | undefined>(undefined);
  const [failed, fail] = useState(false);
  const open = house.state.value.stream === "open";
  const load = async (before?: string) => {
    try {
      const query = { limit: PAGE, from: SINCE, ...(before === undefined ? {} : { before }) };
      const page = (await house.client.get(`meters/${gateway}/events`, query)) as Events;
      setEvents((former) => [...(before === undefined ? [] : (former ?? [])), ...page.events]);
      setNext(page.next);
      fail(false);
    } catch {
      fail(true);
    }
  };
  useEffect(() => {
    if (open) void load();
  }, [open, gateway]);
  return (
    <section class="panel events" aria-labelledby="events">
      <h2 id="events" class="caption">
        {format.text("events")}
      </h2>
      {failed && <p class="error">{format.text("events.failed")}</p>}
      {events?.length === 0 && <p class="note">{format.text("events.none")}</p>}
      <ul>
        {events?.map((event) => (
          <li key={`${event.kind} ${event.at}`} data-kind={event.kind} data-testid="event">
            <time dateTime={event.at}>{format.full(Date.parse(event.at))}</time>
            <span class="kind">{kindOf(event, format)}</span>
            <span class="told">{eventText(event, format)}</span>
          </li>
        ))}
      </ul>
      {next !== undefined && (
        <button type="button" class="button plain" onClick={() => void load(next)}>
          {format.text("events.more")}
        </button>
      )}
    </section>
  );
}

function kindOf({ kind }: MeterEvent, format: Format): string {
  const key = `event.${kind}`;
  return isTextKey(key) ? format.text(key) : kind;
}
