import type { ComponentType } from "preact";
import { NowPage } from "../now/now-page";
import type { PlaceProps } from "../route";
import type { TextKey } from "../texts/language";

export type PlacePage = ComponentType<PlaceProps>;

/** One of the places that one can go to. */
export interface Place {
  path: string;
  name: TextKey;
  /** Path of its sign in a square of 24. */
  sign: string;
  /** The page, where it is not there from the start. */
  load?: () => Promise<PlacePage>;
  page?: PlacePage;
}

export const NOW: Place = {
  path: "/",
  name: "place.now",
  sign: "M13 3 5 13.5h6.5L11 21l8-10.5h-6.5L13 3Z",
  page: NowPage,
};

export const PLACES: readonly Place[] = [
  NOW,
  {
    path: "/history",
    name: "place.history",
    sign: "M4 20h16M6.5 20v-7M12 20V5M17.5 20v-10",
    load: async () => (await import("../history/history-page")).HistoryPage,
  },
  {
    path: "/power",
    name: "place.power",
    sign: "M3 17l4.5-6 4 3.5L16 6l5 7",
    load: async () => (await import("../power/power-page")).PowerPage,
  },
  {
    path: "/meter",
    name: "place.meter",
    sign: "M5 4h14v16H5zM8 8.5h8v4H8zM8.5 16h3M14.5 16h1",
    load: async () => (await import("../meter/meter-page")).MeterPage,
  },
  {
    path: "/setup",
    name: "place.setup",
    sign: "M4 7h9M17 7h3M4 12h3M11 12h9M4 17h8M16 17h4M15 5v4M9 10v4M14 15v4",
    load: async () => (await import("../setup/setup-page")).SetupPage,
  },
];

/** The place at a path, Now where there is none. */
export function placeAt(path: string): Place {
  return PLACES.find((place) => place.path === path) ?? NOW;
}
