import { netPower } from "../api/reading";
import type { Format } from "../format/format";
import { grown } from "../live/today";
import { Demand } from "../parts/demand";
import { HoursToday } from "../parts/hours";
import { Phases } from "../parts/phases";
import { PowerNow } from "../parts/power-now";
import { Registers } from "../parts/registers";
import { TodayTotals } from "../parts/today";
import type { PlaceProps } from "../route";

/** What the house does now and has used today. */
export function NowPage({ house, preferences, format }: PlaceProps) {
  const reading = house.gateway.value?.reading;
  const today = house.today.value;
  const day = today && grown(today, reading);
  const { listed, gateways } = house.state.value;
  if (listed && Object.keys(gateways).length === 0) return <NoMeter format={format} />;
  return (
    <div class="panels">
      <div class="column wide">
        {(!reading || netPower(reading) !== undefined) && (
          <PowerNow house={house} reading={reading} format={format} theme={preferences.theme.value} />
        )}
        {reading && (
          <HoursToday hours={day?.hours} reading={reading} now={house.meterNow()} format={format} />
        )}
      </div>
      <div class="column">
        <TodayTotals
          amounts={day?.total}
          against={house.yesterday.now.value}
          reading={reading}
          format={format}
          now={house.meterNow()}
        />
        {reading && (
          <>
            <Phases reading={reading} format={format} />
            <Demand reading={reading} now={house.meterNow()} format={format} />
          </>
        )}
      </div>
      {reading && <Registers reading={reading} now={house.meterNow()} format={format} />}
    </div>
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
