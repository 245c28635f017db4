import { useEffect, useState } from "preact/hooks";
import type { PlaceProps } from "../route";
import type { Place, PlacePage } from "./places";

const pages = new Map<Place, PlacePage>();

/** A place's page, loaded when it is first gone to. */
export function PlaceView({ place, ...props }: PlaceProps & { place: Place }) {
  const [missed, miss] = useState<Place | undefined>(undefined);
  const [, show] = useState<Place | undefined>(undefined);
  const Page = place.page ?? pages.get(place);
  useEffect(() => {
    if (Page || !place.load) return;
    place.load().then(
      (page) => {
        pages.set(place, page);
        show(place);
      },
      () => miss(place),
    );
  }, [place, Page]);
  if (Page) return <Page {...props} />;
  return missed === place ? <NotLoaded {...props} /> : <p class="loading" aria-busy="true" />;
}

function NotLoaded({ format }: PlaceProps) {
  return (
    <section class="panel none" aria-labelledby="not-loaded">
      <h2 id="not-loaded">{format.text("place.failed")}</h2>
      <p>{format.text("place.failed.hint")}</p>
      <button type="button" class="button" onClick={() => location.reload()}>
        {format.text("place.reload")}
      </button>
    </section>
  );
}
