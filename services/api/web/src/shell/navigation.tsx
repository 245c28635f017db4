import type { Format } from "../format/format";
import { hrefOf, type Route } from "../route";
import { PLACES, placeAt } from "./places";

/** The places: a bar at the bottom of a phone, at the top of a wider screen. */
export function Navigation({ route, format }: { route: Route; format: Format }) {
  const here = placeAt(route.path.value);
  return (
    <nav class="places" aria-label={format.text("places")}>
      <ul>
        {PLACES.map((place) => (
          <li key={place.path}>
            <a
              href={hrefOf(place.path)}
              aria-current={place === here ? "page" : undefined}
              onPointerEnter={() => void place.load?.().catch(() => undefined)}
            >
              <svg viewBox="0 0 24 24" width="24" height="24" aria-hidden="true">
                <path d={place.sign} />
              </svg>
              <span>{format.text(place.name)}</span>
            </a>
          </li>
        ))}
      </ul>
    </nav>
  );
}
