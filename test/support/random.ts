/** Reproducible randomness for campaigns: the seed in a failure's report brings it back. */
export type Random = () => number

/** Numbers from 0 up to 1 (mulberry32). */
export function seededRandom(seed: number): Random {
  const state = { at: seed >>> 0 }
  return () => {
    state.at = (state.at + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state.at ^ (state.at >>> 15), state.at | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
