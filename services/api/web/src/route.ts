import { type ReadonlySignal, signal } from "@preact/signals";
import type { Format } from "./format/format";
import type { House } from "./live/house";
import type { Preferences } from "./preferences";

export type Query = Readonly<Record<string, string>>;

/** What every place of the page is given; the shell around it has `<main>`, the `<h1>` and the title. */
export interface PlaceProps {
  house: House;
  preferences: Preferences;
  format: Format;
  route: Route;
}

/** Where one is: `#/history?per=day` is the path `/history` with a query of its own. */
export interface Address {
  path: string;
  query: Query;
}

/** The address in a location's hash; an empty one is `/`. */
export function addressOf(hash: string): Address {
  const [path = "", query = ""] = hash.replace(/^#/, "").split(/\?(.*)/s);
  return { path: path.startsWith("/") ? path : "/", query: Object.fromEntries(new URLSearchParams(query)) };
}

/** The hash of an address, to be used as a link. */
export function hrefOf(path: string, query: Query = {}): string {
  const text = new URLSearchParams(query).toString();
  return `#${path}${text && `?${text}`}`;
}

/** The address as signals. It lives in the hash: the page works under any path and without a server. */
export class Route {
  private readonly at = signal("/");
  private readonly asked = signal<Query>({});

  get path(): ReadonlySignal<string> {
    return this.at;
  }

  get query(): ReadonlySignal<Query> {
    return this.asked;
  }

  constructor(private readonly view: Pick<Window, "location" | "history" | "addEventListener"> = window) {
    this.read();
  }

  /** Follow the browser's address from now on. */
  start(): void {
    for (const kind of ["popstate", "hashchange"]) this.view.addEventListener(kind, () => this.read());
  }

  /** Go to a place; with `replace` the present entry of the browser's history is changed instead of a new one made. */
  go(path: string, query: Query = {}, { replace = false } = {}): void {
    const url = `${this.view.location.search}${hrefOf(path, query)}`;
    if (replace) this.view.history.replaceState(null, "", url);
    else this.view.history.pushState(null, "", url);
    this.read();
  }

  private read(): void {
    const { path, query } = addressOf(this.view.location.hash);
    this.at.value = path;
    if (JSON.stringify(query) !== JSON.stringify(this.asked.peek())) this.asked.value = query;
  }
}
