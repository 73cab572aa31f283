/** Numbers that look random and are the same on every machine for the same seed. */
import { createHash } from 'node:crypto'

export interface Random {
  /** Uniform in [0, 1). */
  next(): number
  /** Uniform in [from, to). */
  between(from: number, to: number): number
}

/** Mulberry32: 32 bits of state, ample for pictures. */
export function makeRandom(seed: string): Random {
  let state = createHash('sha256').update(seed).digest().readUInt32LE(0)
  function next(): number {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
  return { next, between: (from, to) => from + (to - from) * next() }
}

const TABLE = 1 << 16

/**
 * Normally distributed noise (mean 0, deviation 1), drawn from a table at a random walk: a thousand
 * times cheaper than a logarithm per pixel, and the eye cannot tell. `walk` names one picture's part of it.
 */
export function makeNoise(seed: string): (walk: number) => () => number {
  const filling = makeRandom(`${seed}/noise`)
  const table = Float32Array.from({ length: TABLE }, () => gaussian(filling))
  return (walk) => {
    const random = makeRandom(`${seed}/noise/${walk}`)
    let at = 0
    let left = 0
    return () => {
      if (left === 0) {
        at = Math.floor(random.next() * TABLE)
        left = 1 + Math.floor(random.next() * 512)
      }
      left -= 1
      at = (at + 1) & (TABLE - 1)
      return table[at] ?? 0
    }
  }
}

/** Box-Muller transform. */
function gaussian(random: Random): number {
  const radius = Math.sqrt(-2 * Math.log(1 - random.next()))
  return radius * Math.cos(2 * Math.PI * random.next())
}

/** A UID derived from a UUID-sized hash (PS3.5 section B.2): the same name gives the same UID. */
export function uidFor(name: string): string {
  const bytes = createHash('sha256').update(name).digest().subarray(0, 16)
  return `2.25.${BigInt(`0x${bytes.toString('hex')}`).toString()}`
}
