import type { PlaceProps } from "../route";

export function HistoryPage({ format }: PlaceProps) {
  return <p>{format.text("place.history")}</p>;
}
