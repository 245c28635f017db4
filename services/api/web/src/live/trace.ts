/** Times (Unix seconds) and values for uPlot; null marks a gap. */
export type Curve = [times: number[], values: (number | null)[]];

/** The last values of one quantity, in time order, in a ring of fixed size. */
export class Trace {
  private readonly times: Float64Array;
  private readonly values: Float64Array;
  private start = 0;
  private count = 0;

  constructor(readonly capacity = 4096) {
    this.times = new Float64Array(capacity);
    this.values = new Float64Array(capacity);
  }

  get size(): number {
    return this.count;
  }

  get first(): number | undefined {
    return this.count > 0 ? this.times[this.index(0)] : undefined;
  }

  get last(): number | undefined {
    return this.count > 0 ? this.times[this.index(this.count - 1)] : undefined;
  }

  /** Add a value (time in Unix seconds); one that is not newer than the last is ignored. */
  push(time: number, value: number): void {
    if (this.last !== undefined && time <= this.last) return;
    if (this.count === this.capacity) this.start = (this.start + 1) % this.capacity;
    else this.count += 1;
    const at = this.index(this.count - 1);
    this.times[at] = time;
    this.values[at] = value;
  }

  /** Replace all by history, then put back the values newer than it. */
  seed(times: readonly number[], values: readonly (number | null)[]): void {
    const [oldTimes, oldValues] = this.all();
    this.start = 0;
    this.count = 0;
    times.forEach((time, index) => {
      const value = values[index];
      if (typeof value === "number") this.push(time, value);
    });
    oldTimes.forEach((time, index) => {
      this.push(time, oldValues[index] ?? 0);
    });
  }

  /** The values from `from` on, broken where two are more than `gap` seconds apart. */
  curve(from: number, gap: number): Curve {
    const times: number[] = [];
    const values: (number | null)[] = [];
    for (let position = 0; position < this.count; position += 1) {
      const at = this.index(position);
      const time = this.times[at] ?? 0;
      if (time < from) continue;
      const previous = times.at(-1);
      if (previous !== undefined && time - previous > gap) {
        times.push((previous + time) / 2);
        values.push(null);
      }
      times.push(time);
      values.push(this.values[at] ?? null);
    }
    return [times, values];
  }

  /** Every value with its time. */
  all(): [times: number[], values: number[]] {
    const places = Array.from({ length: this.count }, (_, position) => this.index(position));
    return [places.map((at) => this.times[at] ?? 0), places.map((at) => this.values[at] ?? 0)];
  }

  /** The usual distance between two of the last values in seconds, undefined as long as there are fewer than two. */
  get interval(): number | undefined {
    const steps: number[] = [];
    for (let position = Math.max(1, this.count - 20); position < this.count; position += 1) {
      steps.push((this.times[this.index(position)] ?? 0) - (this.times[this.index(position - 1)] ?? 0));
    }
    return steps.sort((a, b) => a - b)[Math.floor(steps.length / 2)];
  }

  private index(position: number): number {
    return (this.start + position) % this.capacity;
  }
}
