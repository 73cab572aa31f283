/**
 * A chest radiograph (PA), computed as a projection: each organ adds or takes away the length a ray
 * travels through it, in millimetres of water. The picture is seen from the front: x grows to the
 * patient's left, y to the feet.
 */
import { type Canvas, type Ellipse, paintWith } from './canvas.ts'
import type { Random } from './random.ts'

/** Adds the thickness of an ellipsoid whose depth along the ray is `depth` in the middle. */
function project(canvas: Canvas, shape: Ellipse, depth: number): void {
  paintWith(canvas, shape, (old, squaredRadius) => old + depth * Math.sqrt(1 - squaredRadius))
}

/** Tissue with a soft edge and an even middle, as a heart or a liver shows. */
function projectFlat(canvas: Canvas, shape: Ellipse, depth: number): void {
  paintWith(canvas, shape, (old, squaredRadius) => {
    const edge = Math.min(1, (1 - squaredRadius) * 2.4)
    return old + depth * edge * (2 - edge)
  })
}

/** Paints onto a canvas of zeros; afterwards each value is a ray's path in millimetres of water. */
export function paintChest(canvas: Canvas, random: Random): void {
  const build = random.between(0.95, 1.04)
  projectFlat(canvas, { x: 0, y: 90, a: 196 * build, b: 330 }, 165)
  projectFlat(canvas, { x: 0, y: -205, a: 62, b: 110 }, 85)
  for (const side of [-1, 1]) {
    project(canvas, { x: side * 178, y: -95, a: 100, b: 66, turn: side * 0.75 }, 75)
    project(canvas, { x: side * 200, y: 40, a: 60, b: 240 }, 60)
    paintLung(canvas, side, build)
  }
  projectFlat(canvas, { x: 2, y: 20, a: 34, b: 210 }, 50)
  paintHeart(canvas, random)
  paintHila(canvas, random)
  paintDiaphragm(canvas)
  project(canvas, { x: 0, y: -120, a: 9, b: 60 }, -34)
  paintVertebrae(canvas)
  for (let rib = 0; rib < 10; rib += 1) paintRibPair(canvas, rib, build)
  for (const side of [-1, 1]) {
    paintClavicle(canvas, side)
    paintScapula(canvas, side)
  }
}

function paintLung(canvas: Canvas, side: number, build: number): void {
  const x = side * 72 * build
  projectFlat(canvas, { x, y: 10, a: 60, b: 148, turn: side * -0.06 }, -112)
  projectFlat(canvas, { x: side * 84 * build, y: 62, a: 54, b: 100 }, -34)
}

function paintHeart(canvas: Canvas, random: Random): void {
  const size = random.between(0.94, 1.12)
  projectFlat(canvas, { x: 28, y: 76, a: 72 * size, b: 54 * size, turn: 0.5 }, 96)
  projectFlat(canvas, { x: -18, y: 64, a: 30 * size, b: 46 }, 44)
  projectFlat(canvas, { x: 24, y: -34, a: 22, b: 22 }, 52)
  projectFlat(canvas, { x: 16, y: 30, a: 15, b: 90 }, 24)
}

/** The lung's vessels: strokes that leave the hilum, branch by chance and fade to the side. */
function paintHila(canvas: Canvas, random: Random): void {
  for (const side of [-1, 1]) {
    projectFlat(canvas, { x: side * 34, y: 14, a: 15, b: 24, turn: side * -0.3 }, 34)
    for (let vessel = 0; vessel < 44; vessel += 1) {
      const heading = random.between(-1.35, 1.35)
      paintStroke(canvas, {
        from: [side * random.between(32, 44), 14 + random.between(-16, 20)],
        heading: side > 0 ? heading : Math.PI - heading,
        bend: random.between(-0.006, 0.006),
        length: random.between(40, 92),
        radius: random.between(1.2, 3.2),
        depth: random.between(5, 11),
      })
    }
  }
}

interface Stroke {
  readonly from: readonly [number, number]
  readonly heading: number
  /** Radians per millimetre. */
  readonly bend: number
  readonly length: number
  readonly radius: number
  readonly depth: number
}

function paintStroke(canvas: Canvas, stroke: Stroke): void {
  let [x, y] = stroke.from
  let heading = stroke.heading
  const step = 1
  for (let done = 0; done < stroke.length; done += step) {
    const left = 1 - done / stroke.length
    const radius = 0.5 + stroke.radius * left
    project(canvas, { x, y, a: radius, b: radius }, (stroke.depth * left * step) / radius)
    x += Math.cos(heading) * step
    y += Math.sin(heading) * step
    heading += stroke.bend * step
  }
}

/** Domes of the diaphragm, liver under the right one, the stomach's bubble under the left. */
function paintDiaphragm(canvas: Canvas): void {
  projectFlat(canvas, { x: -72, y: 214, a: 82, b: 92 }, 155)
  projectFlat(canvas, { x: 74, y: 226, a: 80, b: 90 }, 140)
  project(canvas, { x: 66, y: 168, a: 30, b: 17 }, -70)
}

function paintVertebrae(canvas: Canvas): void {
  for (let vertebra = 0; vertebra < 17; vertebra += 1) {
    const y = -195 + vertebra * 25
    projectFlat(canvas, { x: 0, y, a: 19, b: 11.5 }, 34)
    for (const side of [-1, 1]) project(canvas, { x: side * 9, y: y - 2, a: 4, b: 5 }, 14)
    project(canvas, { x: 0, y: y + 6, a: 3, b: 7 }, 12)
  }
}

/** Each rib leaves the spine, falls to the side and returns, fainter, towards the front. */
function paintRibPair(canvas: Canvas, rib: number, build: number): void {
  const outer = (Math.min(1, 0.56 + rib * 0.085) * 146 - Math.max(0, rib - 7) * 4) * build
  const top = -148 + rib * 28
  for (const side of [-1, 1]) {
    paintRibArc(canvas, { side, outer, top, fall: 22 + rib * 3, rise: 0, depth: 15 })
    if (rib < 7) paintRibArc(canvas, { side, outer, top, fall: 22 + rib * 3, rise: 1, depth: 9 })
  }
}

interface RibArc {
  readonly side: number
  readonly outer: number
  readonly top: number
  readonly fall: number
  /** 0 for the part behind, 1 for the part in front. */
  readonly rise: 0 | 1
  readonly depth: number
}

const RIB_STEPS = 190

function paintRibArc(canvas: Canvas, arc: RibArc): void {
  const inner = arc.rise === 0 ? 18 : arc.outer * 0.42
  for (let step = 0; step < RIB_STEPS; step += 1) {
    const along = step / RIB_STEPS
    const angle = along * (Math.PI / 2)
    const x = inner + (arc.outer - inner) * Math.sin(angle)
    const bow = arc.rise === 0 ? -12 * Math.sin(along * Math.PI) : 62 * (1 - Math.sin(angle))
    const y = arc.top + arc.fall * along + bow + (arc.rise === 0 ? 0 : arc.fall * (1 - along))
    project(canvas, { x: arc.side * x, y, a: 3, b: 6.5 }, (arc.depth * arc.outer) / RIB_STEPS / 2)
  }
}

function paintClavicle(canvas: Canvas, side: number): void {
  for (let step = 0; step < 130; step += 1) {
    const x = 16 + step
    const y = -118 - step * 0.24 - 9 * Math.sin(step / 21)
    project(canvas, { x: side * x, y, a: 4, b: 6 }, 4.4)
  }
}

function paintScapula(canvas: Canvas, side: number): void {
  projectFlat(canvas, { x: side * 142, y: -50, a: 22, b: 66, turn: side * 0.2 }, 9)
  projectFlat(canvas, { x: side * 172, y: -126, a: 25, b: 24 }, 36)
}
