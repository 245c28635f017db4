import { netPower } from "../api/reading";
import type { Format } from "../format/format";
import type { House } from "../live/house";

/** The gateways to choose from, each with its power now; not there for a single one. */
export function MeterList({ house, format }: { house: House; format: Format }) {
  const gateways = Object.values(house.state.value.gateways).sort((a, b) => a.name.localeCompare(b.name));
  const chosen = house.gateway.value?.name;
  if (gateways.length < 2) return null;
  return (
    <nav class="meters" aria-label={format.text("meters")}>
      <ul>
        {gateways.map(({ name, reading, online }) => {
          const power = reading && netPower(reading);
          return (
            <li key={name}>
              <a
                href={`?gateway=${name}`}
                aria-current={name === chosen ? "page" : undefined}
                data-online={online !== false}
                onClick={(event) => {
                  if (event.metaKey || event.ctrlKey) return;
                  event.preventDefault();
                  history.replaceState(null, "", `?gateway=${name}`);
                  house.choose(name);
                }}
              >
                <span class="name">{name}</span>
                <span class="value" data-way={wayOf(power)}>
                  {power === undefined ? "–" : `${format.number(power)} W`}
                </span>
              </a>
            </li>
          );
        })}
      </ul>
    </nav>
  );
}

function wayOf(power: number | undefined): string | undefined {
  return power === undefined || power === 0 ? undefined : power > 0 ? "import" : "export";
}
