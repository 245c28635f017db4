import { useEffect, useState } from "preact/hooks";
import { netPower, type Reading } from "../api/reading";
import type { Format } from "../format/format";
import type { House } from "../live/house";
import type { Theme } from "../preferences";
import type { PowerCurve } from "./power-curve";

/** Drawing is a third of the program: the number does not wait for it. */
const drawing = import("./power-curve");

interface Props {
  house: House;
  reading: Reading | undefined;
  format: Format;
  theme: Theme;
}

/** What flows now: number, word and colour, and the last minutes as a curve. */
export function PowerNow({ house, reading, format, theme }: Props) {
  const power = reading && netPower(reading);
  const way = power === undefined ? "unknown" : power > 0 ? "import" : power < 0 ? "export" : "none";
  house.traced.value;
  const [from, to] = house.window();
  const minutes = Math.ceil((to - from) / 60);
  const spread = spreadOf(house, from);
  return (
    <section class="panel now" aria-labelledby="now" data-way={way}>
      <div class="figure">
        <h2 id="now" class="caption">
          {format.text("power.now")}
        </h2>
        <p class="power" data-testid="power">
          <span class="value" data-testid="power-value">
            {power === undefined ? "–" : format.number(Math.abs(power))}
          </span>
          <span class="unit"> W</span>
        </p>
        <p class="way" data-testid="power-way">
          {way === "unknown" ? (
            " "
          ) : (
            <>
              <Arrow way={way} />
              {format.text(`power.${way}`)}
            </>
          )}
        </p>
      </div>
      <dl class="spread" aria-label={format.text("power.window", { minutes })}>
        {(["lowest", "mean", "highest"] as const).map((name) => (
          <div key={name}>
            <dt>{format.text(`power.${name}`)}</dt>
            <dd>{spread ? `${format.number(Math.round(spread[name]))} W` : "–"}</dd>
          </div>
        ))}
      </dl>
      <Curve house={house} format={format} theme={theme} label={format.text("power.curve", { minutes })} />
    </section>
  );
}

/** The curve, and its place until it is there. */
function Curve(props: Parameters<typeof PowerCurve>[0]) {
  const [loaded, load] = useState<{ Drawn: typeof PowerCurve } | undefined>(undefined);
  useEffect(() => {
    drawing.then(
      (module) => load({ Drawn: module.PowerCurve }),
      () => undefined,
    );
  }, []);
  return loaded ? <loaded.Drawn {...props} /> : <div class="curve" />;
}

function Arrow({ way }: { way: "import" | "export" | "none" }) {
  const path = {
    import: "M8 2v11M3.5 8.5 8 13l4.5-4.5",
    export: "M8 14V3M3.5 7.5 8 3l4.5 4.5",
    none: "M3 8h10",
  };
  return (
    <svg class="arrow" viewBox="0 0 16 16" width="18" height="18" aria-hidden="true">
      <path d={path[way]} />
    </svg>
  );
}

function spreadOf(house: House, from: number): { lowest: number; mean: number; highest: number } | undefined {
  const [, values] = house.trace().curve(from, Number.POSITIVE_INFINITY);
  const known = values.filter((value) => value !== null);
  if (known.length === 0) return undefined;
  return {
    lowest: known.reduce((a, b) => Math.min(a, b)),
    mean: known.reduce((a, b) => a + b, 0) / known.length,
    highest: known.reduce((a, b) => Math.max(a, b)),
  };
}
