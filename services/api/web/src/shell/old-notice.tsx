import type { Format } from "../format/format";
import type { House } from "../live/house";
import type { Connection } from "../live/state";

interface Props {
  house: House;
  link: Connection;
  format: Format;
}

/** Says that what is shown is old, and since when; nothing as long as it is not. */
export function OldNotice({ house, link, format }: Props) {
  const heardAt = house.gateway.value?.heardAt;
  if (link.kind !== "lost" || heardAt === undefined) return null;
  const age = Math.max(0, house.now.value - heardAt) / 1000;
  return (
    <p class="old" data-testid="old">
      {format.text("old", { time: format.moment(heardAt), age: format.duration(coarse(age)) })}
    </p>
  );
}

/** An age is told by the second for a minute only, then by the minute. */
function coarse(seconds: number): number {
  return seconds < 60 ? seconds : seconds - (seconds % 60);
}
