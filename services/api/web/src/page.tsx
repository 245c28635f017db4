import { useComputed, useSignalEffect } from "@preact/signals";
import { netPower } from "./api/reading";
import { Format } from "./format/format";
import type { House } from "./live/house";
import { grown } from "./live/today";
import { Announcer } from "./parts/announcer";
import { ConnectionState } from "./parts/connection";
import { Demand } from "./parts/demand";
import { HoursToday } from "./parts/hours";
import { MeterList } from "./parts/meter-list";
import { Phases } from "./parts/phases";
import { PowerNow } from "./parts/power-now";
import { Registers } from "./parts/registers";
import { TodayTotals } from "./parts/today";
import { Toolbar } from "./parts/toolbar";
import type { Preferences } from "./preferences";

/** The live page. */
export function Page({ house, preferences }: { house: House; preferences: Preferences }) {
  const format = useComputed(() => {
    const { code, locale } = preferences.language.value;
    return new Format(code, locale, house.zone.value);
  }).value;
  const gateway = house.gateway.value;
  const reading = gateway?.reading;
  const link = house.connection.value;
  const today = house.today.value;
  const day = today && grown(today, reading);
  const { listed, gateways } = house.state.value;

  useSignalEffect(() => {
    const now = house.gateway.value?.reading;
    const power = now && netPower(now);
    const { code, locale } = preferences.language.value;
    const shown = new Format(code, locale, house.zone.value);
    document.title = power === undefined ? "Meterkast" : `${shown.number(power)} W · Meterkast`;
  });

  return (
    <>
      <a class="skip" href="#main">
        {format.text("skip")}
      </a>
      <header class="top">
        <h1 class="brand">Meterkast</h1>
        <ConnectionState link={link} format={format} now={house.now.value} />
        <Toolbar preferences={preferences} format={format} />
      </header>
      <MeterList house={house} format={format} />
      <main id="main" class="panels" data-link={link.kind} tabIndex={-1}>
        {listed && Object.keys(gateways).length === 0 ? (
          <NoMeter format={format} />
        ) : (
          <>
            <div class="column wide">
              {(!reading || netPower(reading) !== undefined) && (
                <PowerNow house={house} reading={reading} format={format} theme={preferences.theme.value} />
              )}
              {reading && (
                <HoursToday hours={day?.hours} reading={reading} now={house.meterNow()} format={format} />
              )}
            </div>
            <div class="column">
              <TodayTotals amounts={day?.total} reading={reading} format={format} now={house.meterNow()} />
              {reading && (
                <>
                  <Phases reading={reading} format={format} />
                  <Demand reading={reading} now={house.meterNow()} format={format} />
                </>
              )}
            </div>
            {reading && <Registers reading={reading} now={house.meterNow()} format={format} />}
          </>
        )}
      </main>
      <Announcer link={link} reading={reading} format={format} now={house.now.value} />
    </>
  );
}

function NoMeter({ format }: { format: Format }) {
  return (
    <section class="panel none" aria-labelledby="none">
      <h2 id="none">{format.text("none.title")}</h2>
      <p>{format.text("none.hint")}</p>
    </section>
  );
}
