import { describe, expect, it } from "vitest";
import { Trace } from "../src/live/trace";

const ALL = Number.NEGATIVE_INFINITY;

function filled(capacity: number, times: readonly number[]): Trace {
  const trace = new Trace(capacity);
  for (const time of times) trace.push(time, time * 10);
  return trace;
}

describe("a trace", () => {
  it("keeps the newest values and forgets the oldest", () => {
    const trace = filled(3, [1, 2, 3, 4, 5]);
    expect(trace.curve(ALL, 10)).toEqual([
      [3, 4, 5],
      [30, 40, 50],
    ]);
    expect(trace.size).toBe(3);
    expect(trace.last).toBe(5);
  });

  it("ignores what is not newer than its last value", () => {
    const trace = filled(8, [1, 2, 2, 1.5, 3]);
    expect(trace.curve(ALL, 10)[0]).toEqual([1, 2, 3]);
  });

  it("is broken by a null where two values are too far apart", () => {
    expect(filled(8, [1, 2, 32, 33]).curve(ALL, 10)).toEqual([
      [1, 2, 17, 32, 33],
      [10, 20, null, 320, 330],
    ]);
  });

  it("gives only the window asked for", () => {
    expect(filled(8, [1, 2, 3, 4]).curve(3, 10)[0]).toEqual([3, 4]);
  });

  it("takes history and puts the newer live values behind it", () => {
    const trace = filled(16, [8, 9, 10]);
    trace.seed([6, 7, 8, 9], [1, null, 3, 4]);
    expect(trace.curve(ALL, 10)).toEqual([
      [6, 8, 9, 10],
      [1, 3, 4, 100],
    ]);
  });

  it("knows the usual interval, whatever single gap there was", () => {
    expect(filled(16, [0, 10, 20, 30, 90, 100]).interval).toBe(10);
    expect(filled(16, [1]).interval).toBeUndefined();
  });
});
