import { useRef, useState } from "preact/hooks";
import { netPower } from "../api/reading";
import type { Format } from "../format/format";
import type { House } from "../live/house";
import type { Gateway } from "../live/state";

/** With more gateways than this they are chosen from a list that can be searched. */
const IN_A_ROW = 6;

interface Props {
  house: House;
  format: Format;
}

/** The gateways to choose from, each with its power now; not there for a single one. */
export function GatewayChoice({ house, format }: Props) {
  const gateways = Object.values(house.state.value.gateways).sort((a, b) => a.name.localeCompare(b.name));
  if (gateways.length < 2) return null;
  return (
    <nav class="meters" aria-label={format.text("meters")}>
      {gateways.length > IN_A_ROW ? (
        <Searchable gateways={gateways} house={house} format={format} />
      ) : (
        <GatewayList gateways={gateways} house={house} format={format} />
      )}
    </nav>
  );
}

interface ListProps extends Props {
  gateways: readonly Gateway[];
  onChosen?: () => void;
}

function GatewayList({ gateways, house, format, onChosen }: ListProps) {
  const chosen = house.gateway.value?.name;
  return (
    <ul>
      {gateways.map((gateway) => (
        <li key={gateway.name}>
          <a
            href={`?gateway=${gateway.name}${location.hash}`}
            aria-current={gateway.name === chosen ? "true" : undefined}
            data-online={gateway.online !== false}
            onClick={(event) => {
              if (event.metaKey || event.ctrlKey) return;
              event.preventDefault();
              choose(house, gateway.name);
              onChosen?.();
            }}
          >
            <span class="name">{gateway.name}</span>
            <PowerOf gateway={gateway} format={format} />
          </a>
        </li>
      ))}
    </ul>
  );
}

function choose(house: House, name: string): void {
  history.replaceState(null, "", `?gateway=${name}${location.hash}`);
  house.choose(name);
}

function PowerOf({ gateway, format }: { gateway: Gateway; format: Format }) {
  const power = netPower(gateway.reading ?? { gateway: gateway.name, ...gateway.listed });
  const way = power === undefined || power === 0 ? undefined : power > 0 ? "import" : "export";
  return (
    <span class="value" data-way={way}>
      {power === undefined ? "–" : `${format.number(power)} W`}
    </span>
  );
}

/** Those whose name holds what is typed, those that begin with it first. */
export function foundBy(wanted: string, gateways: readonly Gateway[]): Gateway[] {
  const holds = gateways.filter(({ name }) => name.includes(wanted));
  const begins = holds.filter(({ name }) => name.startsWith(wanted));
  return [...begins, ...holds.filter((gateway) => !begins.includes(gateway))];
}

/** A button with the chosen gateway, and a dialog with all of them and a field to search by. */
function Searchable({ gateways, house, format }: ListProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  const [wanted, want] = useState("");
  const chosen = house.gateway.value;
  const found = foundBy(wanted.trim().toLowerCase(), gateways);
  const close = () => dialog.current?.close();
  const open = () => {
    want("");
    dialog.current?.showModal();
    void house.relist();
  };
  const submit = (event: Event) => {
    event.preventDefault();
    const [first] = found;
    if (!first) return;
    choose(house, first.name);
    close();
  };
  return (
    <>
      <button type="button" class="chosen" aria-haspopup="dialog" onClick={open}>
        <span class="name">{chosen?.name ?? "–"}</span>
        {chosen && <PowerOf gateway={chosen} format={format} />}
        <svg viewBox="0 0 16 16" width="16" height="16" aria-hidden="true">
          <path d="m4 6 4 4 4-4" />
        </svg>
        <span class="unseen">{format.text("meters.choose", { count: gateways.length })}</span>
      </button>
      <dialog ref={dialog} class="dialog gateways" aria-label={format.text("meters")}>
        <form class="search" onSubmit={submit}>
          <input
            type="search"
            aria-label={format.text("meters.search")}
            placeholder={format.text("meters.search")}
            value={wanted}
            autocomplete="off"
            spellcheck={false}
            onInput={(event) => want(event.currentTarget.value)}
          />
          <button type="button" class="button plain" onClick={close}>
            {format.text("close")}
          </button>
        </form>
        <p class="unseen" aria-live="polite">
          {wanted && format.text("meters.found", { count: found.length })}
        </p>
        {found.length === 0 && <p class="note">{format.text("meters.none", { wanted })}</p>}
        <GatewayList gateways={found} house={house} format={format} onChosen={close} />
      </dialog>
    </>
  );
}
