/**
 * An echocardiogram (apical four-chamber view): what the ultrasound probe at the top of the sector
 * hears back from each point, in a coordinate system of depth and angle. The heart beats once a second.
 */

/** One beat from 0 to 1: how far the ventricles are contracted, from 0 (filled) to 1. */
export function contraction(beat: number): number {
  const systole = 0.38
  if (beat < systole) return Math.sin((beat / systole) * (Math.PI / 2)) ** 2
  return Math.cos(Math.min(1, (beat - systole) / 0.3) * (Math.PI / 2)) ** 2
}

interface Chamber {
  /** Millimetres: across the picture, and in depth from the probe. */
  readonly x: number
  readonly z: number
  readonly a: number
  readonly b: number
  readonly turn: number
  /** How much of its half-axes a contraction takes; negative for atria, which fill meanwhile. */
  readonly gives: number
}

const CHAMBERS: readonly Chamber[] = [
  { x: 17, z: 66, a: 19, b: 36, turn: 0.12, gives: 0.34 },
  { x: -21, z: 70, a: 14, b: 30, turn: -0.22, gives: 0.28 },
  { x: 20, z: 124, a: 19, b: 18, turn: 0, gives: -0.2 },
  { x: -24, z: 122, a: 18, b: 18, turn: 0, gives: -0.18 },
]

const BLOOD = 0.05
const TISSUE = 0.42
const BRIGHT = 0.95

/** Echo strength, 0 to 1, at `x`, `z` millimetres when the ventricles are contracted by `squeeze`. */
export function echoAt(x: number, z: number, squeeze: number): number {
  const near = Math.min(...CHAMBERS.map((chamber) => distance(chamber, { x, z, squeeze })))
  const valve = valveAt(x, z, squeeze)
  if (valve > 0) return valve
  if (near < 1) return BLOOD
  if (near < 1.14) return BRIGHT * 0.8
  return wallAt(x, z)
}

/** Below 1 within the chamber. */
function distance(
  chamber: Chamber,
  at: { readonly x: number; readonly z: number; readonly squeeze: number },
): number {
  const size = 1 - chamber.gives * at.squeeze
  const dx = at.x - chamber.x
  const dz = at.z - chamber.z - 5 * at.squeeze * Math.sign(chamber.gives)
  const u = (dx * Math.cos(chamber.turn) + dz * Math.sin(chamber.turn)) / (chamber.a * size)
  const v = (dz * Math.cos(chamber.turn) - dx * Math.sin(chamber.turn)) / (chamber.b * size)
  return Math.hypot(u, v)
}

/** Mitral and tricuspid leaflets: closed in systole, hanging into the ventricles as they fill. */
function valveAt(x: number, z: number, squeeze: number): number {
  const ring = 101 - 6 * squeeze
  const open = 1 - Math.min(1, squeeze * 3)
  for (const centre of [18, -23]) {
    const across = Math.abs(x - centre)
    if (across > 15) continue
    const hang = ring - open * (15 - across) * 1.2
    if (Math.abs(z - hang) < 1.5) return BRIGHT
  }
  return 0
}

/** Muscle around the heart, the bright pericardium outside it, lung beyond. */
function wallAt(x: number, z: number): number {
  const outside = Math.hypot(x / 58, (z - 88) / 74)
  if (outside < 1) return TISSUE
  if (outside < 1.045) return BRIGHT
  return z < 22 ? 0.55 : 0.2
}
