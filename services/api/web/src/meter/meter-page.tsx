import "../styles/meter.css";
import { useEffect, useState } from "preact/hooks";
import type { Client } from "../api/client";
import type { House } from "../live/house";
import type { PlaceProps } from "../route";
import { Catalogue, type Entry } from "./catalogue";
import { EventList } from "./event-list";
import { RawTelegram } from "./raw-telegram";
import { RejectedList } from "./rejected-list";
import { type Telegram, telegramOf } from "./telegram";
import { Values } from "./values";

let known: Promise<Catalogue> | undefined;

function catalogueOf(client: Client): Promise<Catalogue> {
  known ??= client.get("catalogue").then((entries) => new Catalogue(entries as Entry[]));
  known.catch(() => {
    known = undefined;
  });
  return known;
}

/** What the meter says, line by line, and what has happened to it. */
export function MeterPage({ house, format }: PlaceProps) {
  const gateway = house.gateway.value;
  const [catalogue, setCatalogue] = useState<Catalogue | undefined>(undefined);
  const [held, hold] = useState(false);
  const telegram = useTelegram(house, gateway?.name, held);
  const open = house.state.value.stream === "open";
  useEffect(() => {
    if (open && !catalogue) catalogueOf(house.client).then(setCatalogue, () => undefined);
  }, [open, catalogue, house]);
  if (!gateway) return <p class="panel note">{format.text("none.title")}</p>;
  return (
    <div class="meter-page">
      <RawTelegram
        telegram={telegram}
        catalogue={catalogue}
        format={format}
        held={held}
        onHold={() => hold(!held)}
      />
      {gateway.reading && (
        <Values reading={gateway.reading} telegram={telegram} catalogue={catalogue} format={format} />
      )}
      <EventList key={`events ${gateway.name}`} house={house} gateway={gateway.name} format={format} />
      <RejectedList key={`rejected ${gateway.name}`} house={house} gateway={gateway.name} format={format} />
    </div>
  );
}

/** The newest telegram, asked for when a reading has come, unless it is held to be read at leisure. */
function useTelegram(house: House, gateway: string | undefined, held: boolean): Telegram | undefined {
  const [newest, setNewest] = useState<{ gateway: string; telegram: Telegram } | undefined>(undefined);
  const heardAt = house.gateway.value?.heardAt;
  const open = house.state.value.stream === "open";
  useEffect(() => {
    if (gateway === undefined || held || !open || document.hidden) return;
    let wanted = true;
    house.client.telegram(gateway).then(
      ({ bytes }) => wanted && setNewest({ gateway, telegram: telegramOf(bytes) }),
      () => undefined,
    );
    return () => {
      wanted = false;
    };
  }, [house, gateway, heardAt, held, open]);
  return newest?.gateway === gateway ? newest?.telegram : undefined;
}
