import { describe, expect, it } from "vitest";
import { reconnectDelay } from "../src/api/stream";
import { type Change, connection, EMPTY, reduce, type State } from "../src/live/state";

const follow = (...changes: Change[]): State => changes.reduce(reduce, EMPTY);
const reading = (at: number, gateway = "home"): Change => ({ kind: "reading", reading: { gateway }, at });
const stream = (open: boolean, at: number): Change => ({ kind: "stream", open, at });
const at = (state: State, now: number) => connection(state, state.gateways.home, now);

describe("the state", () => {
  it("lists the meters and keeps what was heard of them", () => {
    const state = follow(reading(1000), {
      kind: "meters",
      meters: [{ gateway: "home" }, { gateway: "shed" }],
    });
    expect(Object.keys(state.gateways)).toEqual(["home", "shed"]);
    expect(state.gateways.home?.heardAt).toBe(1000);
    expect(state.listed).toBe(true);
  });

  it("keeps the newest reading when an older one comes late", () => {
    const state = follow(reading(2000), reading(1000));
    expect(state.gateways.home?.heardAt).toBe(2000);
  });

  it("takes an unknown status for no word at all", () => {
    const state = follow({ kind: "meters", meters: [{ gateway: "home", status: "unknown" }] });
    expect(state.gateways.home?.online).toBeUndefined();
  });

  it("holds nothing any more where the server wants a login", () => {
    expect(reduce(follow(reading(1000)), { kind: "refused" })).toEqual({ ...EMPTY, stream: "refused" });
  });

  it("is not changed by a message without a gateway", () => {
    expect(reduce(EMPTY, { kind: "reading", reading: {} as never, at: 1 })).toBe(EMPTY);
  });
});

describe("the connection", () => {
  it("is live as long as readings come", () => {
    expect(at(follow(stream(true, 0), reading(1000)), 9000)).toEqual({ kind: "live" });
  });

  it("is quiet from the last reading when none comes", () => {
    const heard = follow(stream(true, 0), reading(0), reading(1000));
    expect(at(heard, 15_000)).toEqual({ kind: "live" });
    expect(at(heard, 17_000)).toEqual({ kind: "quiet", since: 1000 });
  });

  it("leaves a meter that was heard once a minute and a bit", () => {
    expect(at(follow(stream(true, 0), reading(1000)), 75_000)).toEqual({ kind: "live" });
    expect(at(follow(stream(true, 0), reading(1000)), 77_000)).toEqual({ kind: "quiet", since: 1000 });
  });

  it("allows a meter that speaks once a minute three minutes", () => {
    const slow = follow(stream(true, 0), reading(0), reading(60_000), reading(120_000));
    expect(at(slow, 290_000)).toEqual({ kind: "live" });
    expect(at(slow, 310_000)).toEqual({ kind: "quiet", since: 120_000 });
  });

  it("names the gateway when it has said that it is gone", () => {
    const gone = follow(stream(true, 0), reading(1000), { kind: "status", gateway: "home", online: false });
    expect(at(gone, 80_000)).toEqual({ kind: "offline", since: 1000 });
  });

  it("is lost from the last reading until the stream is open again", () => {
    const lost = follow(stream(true, 0), reading(1000), stream(false, 2000), stream(false, 5000));
    expect(at(lost, 6000)).toEqual({ kind: "lost", since: 1000 });
    expect(at(reduce(lost, stream(true, 7000)), 7000)).toEqual({ kind: "live" });
  });

  it("counts from the first failure when nothing was ever heard", () => {
    expect(at(follow(stream(false, 2000), stream(false, 5000)), 6000)).toEqual({ kind: "lost", since: 2000 });
  });

  it("waits for the meter when the server is there and no reading came yet", () => {
    expect(at(EMPTY, 0)).toEqual({ kind: "connecting" });
    expect(at(follow(stream(true, 0)), 1)).toEqual({ kind: "waiting" });
  });

  it("is tried again soon at first, then less often, never less than every 8 s", () => {
    expect(reconnectDelay(0, 1)).toBe(500);
    expect(reconnectDelay(3, 1)).toBe(4000);
    expect(reconnectDelay(40, 1)).toBe(8000);
    expect(reconnectDelay(40, 0)).toBe(6000);
  });
});
