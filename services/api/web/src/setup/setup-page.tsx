import type { PlaceProps } from "../route";

export function SetupPage({ format }: PlaceProps) {
  return <p>{format.text("place.setup")}</p>;
}
