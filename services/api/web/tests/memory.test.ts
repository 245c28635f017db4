import { describe, expect, it } from "vitest";
import { EMPTY, reduce } from "../src/live/state";
import { Trace } from "../src/live/trace";
import { memoryFrom, thinned } from "../src/offline/memory";

describe("what is kept of a visit", () => {
  it("is nothing where nothing, or nothing of ours, was kept", () => {
    for (const text of [null, "", "{", "[]", '{"version":0,"gateways":[]}'])
      expect(memoryFrom(text)).toBeUndefined();
  });

  it("comes back as it was, registers with every digit", () => {
    const gateway = { name: "home", heardAt: 5, reading: { gateway: "home", energy_import_kwh: "0012.300" } };
    const memory = { version: 1, zone: "UTC", gateways: [gateway], chosen: "home", trace: [[1], [2]] };
    expect(memoryFrom(JSON.stringify(memory))).toEqual(memory);
  });

  it("has the newest point of a long curve, and no more than fit", () => {
    const trace = new Trace();
    for (let second = 0; second < 3600; second += 1) trace.push(second, second);
    const [times, values] = thinned(trace.all());
    expect(times.length).toBeLessThanOrEqual(360);
    expect([times.at(-1), values.at(-1)]).toEqual([3599, 3599]);
  });
});

describe("a remembered gateway", () => {
  const remembered = reduce(EMPTY, {
    kind: "remembered",
    gateways: [
      { name: "home", heardAt: 1, remembered: true },
      { name: "gone", heardAt: 1, remembered: true },
    ],
  });

  it("stays where the server still lists it, and goes where it does not", () => {
    const listed = reduce(remembered, { kind: "meters", meters: [{ gateway: "home", status: "online" }] });
    expect(Object.keys(listed.gateways)).toEqual(["home"]);
    expect(listed.gateways.home).toMatchObject({ heardAt: 1, online: true });
  });

  it("gives way to a newer reading, and is not put over one", () => {
    const heard = reduce(remembered, { kind: "reading", reading: { gateway: "gone" }, at: 2 });
    expect(heard.gateways.gone?.remembered).toBeUndefined();
    const again = reduce(heard, { kind: "remembered", gateways: [{ name: "gone", heardAt: 1 }] });
    expect(again.gateways.gone?.heardAt).toBe(2);
  });
});
