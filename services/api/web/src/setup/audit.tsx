import { useEffect, useState } from "preact/hooks";
import type { Client } from "../api/client";
import type { Format } from "../format/format";

interface Entry {
  at: string;
  who: string;
  what: string;
  detail: string;
}

const FIRST = 20;
const MOST = 1000;

/** Who changed what, newest first. */
export function AuditPanel({ client, format }: { client: Client; format: Format }) {
  const [entries, setEntries] = useState<readonly Entry[]>([]);
  const [limit, setLimit] = useState(FIRST);
  useEffect(() => {
    client.get("audit", { limit: String(limit) }).then(
      (answer) => setEntries((answer as { entries: Entry[] }).entries),
      () => setEntries([]),
    );
  }, [client, limit]);
  return (
    <section class="panel audit" aria-labelledby="audit">
      <h2 id="audit" class="caption">
        {format.text("audit")}
      </h2>
      {entries.length === 0 && <p class="note">{format.text("audit.none")}</p>}
      <ul class="things">
        {entries.map((entry) => (
          <li key={`${entry.at} ${entry.what}`}>
            <p>
              <span class="name" lang="en">
                {entry.what}
              </span>{" "}
              <span lang="en">{entry.detail}</span>
            </p>
            <p class="note">
              {format.full(Date.parse(entry.at))} · {entry.who}
            </p>
          </li>
        ))}
      </ul>
      {entries.length === limit && limit < MOST && (
        <button type="button" class="button plain small" onClick={() => setLimit(MOST)}>
          {format.text("events.more")}
        </button>
      )}
    </section>
  );
}
