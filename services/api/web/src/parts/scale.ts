import type uPlot from "uplot";

/** Zero is always in sight, with a little air above the highest value and below the lowest. */
export function yRange(low: number | null, high: number | null): [number, number] {
  const top = Math.max(high ?? 0, 0);
  const bottom = Math.min(low ?? 0, 0);
  const air = Math.max((top - bottom) * 0.12, 60);
  return [bottom < 0 ? bottom - air : 0, top > 0 || bottom === 0 ? top + air : air / 2];
}

/** One colour above zero, another below it. */
export function twoColours(plot: uPlot, above: string, below: string): CanvasGradient | string {
  const { top, height } = plot.bbox;
  const zero = (plot.valToPos(0, "y", true) - top) / height;
  if (!Number.isFinite(zero) || zero >= 1) return above;
  if (zero <= 0) return below;
  const gradient = plot.ctx.createLinearGradient(0, top, 0, top + height);
  gradient.addColorStop(zero, above);
  gradient.addColorStop(zero, below);
  return gradient;
}
