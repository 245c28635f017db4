import type { PlaceProps } from "../route";

export function PowerPage({ format }: PlaceProps) {
  return <p>{format.text("place.power")}</p>;
}
