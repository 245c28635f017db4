import type { Tone } from "./quantity";

/** Tones that have a pattern of their own, so that parts on top of each other are told apart without colour. */
export const PATTERNED: readonly Tone[] = ["gas", "water", "hot_water", "heat", "cold", "fixed"];

/** A small square in the tone of a part. */
export function Swatch({ tone, pattern = false }: { tone: Tone; pattern?: boolean }) {
  return (
    <svg class={`swatch tone-${tone}`} width="10" height="10" aria-hidden="true">
      <rect class="fill" width="10" height="10" rx="2" />
      {pattern && PATTERNED.includes(tone) && (
        <rect width="10" height="10" rx="2" fill={`url(#pattern-${tone})`} />
      )}
    </svg>
  );
}

const LINES: Partial<Record<Tone, string>> = {
  gas: "M0 4 4 0M-1 1 1 -1M3 5 5 3",
  water: "M0 2H4",
  hot_water: "M0 1H4M0 3H4",
  heat: "M2 0V4",
  cold: "M1 0V4M3 0V4",
  fixed: "M0 0 4 4M-1 3 1 5M3 -1 5 1",
};

/** The patterns, once on the page. */
export function Patterns() {
  return (
    <defs>
      <pattern id="hatch" width="7" height="7" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
        <rect class="hatch-ground" width="7" height="7" />
        <line class="hatch-line" x1="0" x2="0" y1="0" y2="7" />
      </pattern>
      {PATTERNED.map((tone) => (
        <pattern key={tone} id={`pattern-${tone}`} width="4" height="4" patternUnits="userSpaceOnUse">
          <path class="pattern-line" d={LINES[tone] ?? ""} />
        </pattern>
      ))}
    </defs>
  );
}
