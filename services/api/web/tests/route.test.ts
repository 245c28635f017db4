import { describe, expect, it } from "vitest";
import { addressOf, hrefOf, Route } from "../src/route";

/** A browser's address, as far as the route uses it. */
class View {
  readonly location = { hash: "", search: "?gateway=home" } as Location;
  readonly entries: string[] = [];
  readonly history = {
    pushState: (_: unknown, __: string, url: string) => this.arrive(url, false),
    replaceState: (_: unknown, __: string, url: string) => this.arrive(url, true),
  } as unknown as History;
  private readonly listeners: (() => void)[] = [];

  addEventListener(_: string, listener: () => void): void {
    this.listeners.push(listener);
  }

  /** As a click on a link or the back button does it. */
  follow(hash: string): void {
    this.location.hash = hash;
    for (const listener of this.listeners) listener();
  }

  private arrive(url: string, replace: boolean): void {
    if (replace) this.entries.pop();
    this.entries.push(url);
    this.location.hash = url.slice(url.indexOf("#"));
  }
}

describe("an address", () => {
  it("is a path and a query of its own", () => {
    expect(addressOf("#/history?per=day&from=2026-03-29")).toEqual({
      path: "/history",
      query: { per: "day", from: "2026-03-29" },
    });
  });

  it("is Now where there is none, or where it is none of ours", () => {
    for (const hash of ["", "#", "#main"]) expect(addressOf(hash)).toEqual({ path: "/", query: {} });
  });

  it("survives the way to a link and back, whatever its query holds", () => {
    const query = { name: "a&b=c?d", empty: "" };
    expect(addressOf(hrefOf("/power", query))).toEqual({ path: "/power", query });
  });
});

describe("the route", () => {
  it("goes to a place and keeps the gateway that the page was opened with", () => {
    const view = new View();
    const route = new Route(view as unknown as Window);
    route.go("/history", { per: "day" });
    expect(view.entries).toEqual(["?gateway=home#/history?per=day"]);
    expect([route.path.value, route.query.value]).toEqual(["/history", { per: "day" }]);
  });

  it("replaces the entry of the browser's history where that is asked for", () => {
    const view = new View();
    const route = new Route(view as unknown as Window);
    route.go("/history");
    route.go("/history", { per: "week" }, { replace: true });
    expect(view.entries).toEqual(["?gateway=home#/history?per=week"]);
  });

  it("follows links and the back button, and leaves a query that is the same alone", () => {
    const view = new View();
    const route = new Route(view as unknown as Window);
    route.start();
    view.follow("#/setup?part=access");
    const before = route.query.value;
    view.follow("#/meter?part=access");
    expect(route.path.value).toBe("/meter");
    expect(route.query.value).toBe(before);
  });
});
