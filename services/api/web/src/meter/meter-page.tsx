import type { PlaceProps } from "../route";

export function MeterPage({ format }: PlaceProps) {
  return <p>{format.text("place.meter")}</p>;
}
