import { describe, expect, it } from "vitest";
import { answerFor } from "../src/worker/answer";

const SCOPE = "https://house.example/meter/";
const FILES = ["assets/index-abc.js", "icon.svg"];
const of = (path: string, method = "GET") => answerFor(method, new URL(path, SCOPE).href, SCOPE, FILES);

describe("the service worker", () => {
  it("answers for the page, whatever gateway it is opened with, and for the page's files", () => {
    expect([of("./"), of("./?gateway=shed"), of("assets/index-abc.js"), of("icon.svg")]).toEqual([
      "page",
      "page",
      "file",
      "file",
    ]);
  });

  it("leaves the API, other programs' routes and what is outside its folder to the network", () => {
    for (const path of [
      "api/v1/stream",
      "health",
      "docs",
      "api/v2/now",
      "../",
      "/",
      "https://other.example/meter/",
    ])
      expect(of(path)).toBe("network");
  });

  it("leaves everything that changes something to the network", () => {
    expect([of("./", "POST"), of("icon.svg", "HEAD")]).toEqual(["network", "network"]);
  });
});
