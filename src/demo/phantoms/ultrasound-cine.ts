/** The frames of an ultrasound cine: a sector of speckle that moves with the heart. */
import { contraction, echoAt } from './echo-anatomy.ts'
import { makeRandom } from './random.ts'

export const CINE = { columns: 512, rows: 384, frames: 30, frameTime: 40, spacing: 0.42 } as const

const DEPTHS = 420
const BEAMS = 160
const DEPTH_STEP = 0.38
const OPENING = 0.72
/** Row of the probe's face, in pixels. */
const APEX = 8

/** 8-bit grey frames back to back. */
export function paintCine(seed: string): Uint8Array {
  const frameSize = CINE.columns * CINE.rows
  const frames = new Uint8Array(frameSize * CINE.frames)
  const polar = scanConversion()
  const speckle = makeSpeckle(seed)
  const beats = 1 + makeRandom(`${seed}/beats`).next() * 0.4
  for (let frame = 0; frame < CINE.frames; frame += 1) {
    const squeeze = contraction(((frame / CINE.frames) * beats) % 1)
    const echoes = sweep(speckle, squeeze)
    const picture = frames.subarray(frame * frameSize, (frame + 1) * frameSize)
    for (let pixel = 0; pixel < frameSize; pixel += 1) {
      const sample = polar[pixel] ?? -1
      if (sample >= 0) picture[pixel] = echoes[sample] ?? 0
    }
    paintRuler(picture)
  }
  return frames
}

/** For each pixel the sample of the sweep it shows, or -1 outside the sector. */
function scanConversion(): Int32Array {
  const map = new Int32Array(CINE.columns * CINE.rows).fill(-1)
  for (let pixel = 0; pixel < map.length; pixel += 1) {
    const x = ((pixel % CINE.columns) - CINE.columns / 2) * CINE.spacing
    const z = (Math.floor(pixel / CINE.columns) - APEX) * CINE.spacing
    const angle = Math.atan2(x, z)
    const depth = Math.round(Math.hypot(x, z) / DEPTH_STEP)
    if (Math.abs(angle) > OPENING || depth >= DEPTHS || depth < 6) continue
    const beam = Math.round(((angle / OPENING + 1) / 2) * (BEAMS - 1))
    map[pixel] = depth * BEAMS + beam
  }
  return map
}

/** Rayleigh-distributed grains, smeared along the beam as a pulse is long. */
function makeSpeckle(seed: string): Float32Array {
  const random = makeRandom(`${seed}/speckle`)
  const grains = Float32Array.from({ length: DEPTHS * BEAMS }, () =>
    Math.sqrt(-2 * Math.log(1 - random.next())),
  )
  return grains.map((grain, index) => {
    const deeper = grains[index + BEAMS] ?? grain
    const beside = grains[index + 1] ?? grain
    return 0.5 * grain + 0.32 * deeper + 0.18 * beside
  })
}

function sweep(speckle: Float32Array, squeeze: number): Uint8Array {
  const echoes = new Uint8Array(DEPTHS * BEAMS)
  // Muscle carries its grains along as it shortens.
  const shift = Math.round(squeeze * 9)
  for (let beam = 0; beam < BEAMS; beam += 1) {
    const angle = ((beam / (BEAMS - 1)) * 2 - 1) * OPENING
    for (let depth = 0; depth < DEPTHS; depth += 1) {
      const range = depth * DEPTH_STEP
      const echo = echoAt(Math.sin(angle) * range, Math.cos(angle) * range, squeeze)
      const grain = speckle[((depth + shift) % DEPTHS) * BEAMS + beam] ?? 1
      const gain = 1 - 0.0016 * range
      // Logarithmic compression, as the scanner's display has it.
      const heard = Math.log1p(14 * echo * gain * grain) / Math.log(15)
      echoes[depth * BEAMS + beam] = Math.min(255, heard * 205)
    }
  }
  return echoes
}

/** Depth ticks every centimetre at the right edge, and the grey bar at the left. */
function paintRuler(picture: Uint8Array): void {
  for (let tick = 0; tick < 16; tick += 1) {
    const row = APEX + Math.round((tick * 10) / CINE.spacing)
    const length = tick % 5 === 0 ? 12 : 6
    if (row < CINE.rows)
      picture.fill(
        200,
        row * CINE.columns + CINE.columns - 4 - length,
        (row + 1) * CINE.columns - 4,
      )
  }
  for (let step = 0; step < 128; step += 1) {
    const start = (20 + step) * CINE.columns + 8
    picture.fill(255 - step * 2, start, start + 10)
  }
}
