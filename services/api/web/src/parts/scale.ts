/** Zero is always in sight, with a little air above the highest value and below the lowest. */
export function yRange(low: number | null, high: number | null): [number, number] {
  const top = Math.max(high ?? 0, 0);
  const bottom = Math.min(low ?? 0, 0);
  const air = Math.max((top - bottom) * 0.12, 60);
  return [bottom < 0 ? bottom - air : 0, top > 0 || bottom === 0 ? top + air : air / 2];
}
