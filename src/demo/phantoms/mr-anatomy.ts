/**
 * One axial slice of a head, from the skull base (0) to the vertex (1), as tissues in millimetres and
 * the grey each tissue has in T1 and T2 weighting. x grows to the patient's left, y to the back.
 */
import { type Canvas, paint } from './canvas.ts'
import { makeRandom } from './random.ts'

export type Weighting = 'T1' | 'T2'

type Tissue = 'air' | 'scalp' | 'bone' | 'fluid' | 'grey' | 'white' | 'muscle' | 'lesion'

const GREY_LEVELS: Readonly<Record<Weighting, Readonly<Record<Tissue, number>>>> = {
  T1: {
    air: 8,
    scalp: 900,
    bone: 60,
    fluid: 130,
    grey: 430,
    white: 620,
    muscle: 380,
    lesion: 330,
  },
  T2: {
    air: 8,
    scalp: 560,
    bone: 45,
    fluid: 1000,
    grey: 520,
    white: 350,
    muscle: 230,
    lesion: 820,
  },
}

export interface Head {
  /** Phases of the folding of the cortex. */
  readonly folds: readonly [number, number, number]
  /** Ventricles relative to an average adult. */
  readonly ventricles: number
  readonly lesions: readonly { readonly x: number; readonly y: number; readonly level: number }[]
}

export function makeHead(seed: string): Head {
  const random = makeRandom(`${seed}/head`)
  const phase = (): number => random.between(0, 2 * Math.PI)
  const lesions = Array.from({ length: 5 }, () => ({
    x: (random.next() < 0.5 ? -1 : 1) * random.between(24, 40),
    y: random.between(-30, 40),
    level: random.between(0.5, 0.75),
  }))
  return { folds: [phase(), phase(), phase()], ventricles: random.between(0.85, 1.3), lesions }
}

/** Paints the slice at `level` (0 skull base, 1 vertex) onto a canvas of air. */
export function paintHead(
  canvas: Canvas,
  head: Head,
  { level, weighting }: { readonly level: number; readonly weighting: Weighting },
): void {
  const grey = GREY_LEVELS[weighting]
  const scale = Math.sqrt(Math.max(0.02, 1 - Math.max(0, (level - 0.35) / 0.67) ** 2))
  const size = { a: 74 * scale, b: 94 * scale }
  paint(canvas, { x: 0, y: 0, ...size }, grey.scalp * 0.6)
  paint(canvas, { x: 0, y: 0, a: size.a - 1.5, b: size.b - 1.5 }, grey.scalp)
  paint(canvas, { x: 0, y: 0, a: size.a - 5, b: size.b - 5 }, grey.bone)
  paint(canvas, { x: 0, y: 0, a: size.a - 11, b: size.b - 12 }, grey.fluid)
  paintBrain(canvas, head, { level, grey, a: size.a - 13, b: size.b - 14 })
  if (level < 0.3) paintSkullBase(canvas, level, grey)
  else paintDeep(canvas, head, { level, grey })
}

interface BrainSlice {
  readonly level: number
  readonly grey: Readonly<Record<Tissue, number>>
  readonly a: number
  readonly b: number
}

/** The cortical ribbon: sulci filled with fluid, grey matter along them, white matter within. */
function paintBrain(canvas: Canvas, head: Head, { level, grey, a, b }: BrainSlice): void {
  const { width, height, spacing, values } = canvas
  const [first, second, third] = head.folds
  for (let index = 0; index < values.length; index += 1) {
    const x = ((index % width) + 0.5 - width / 2) * spacing
    const y = (Math.floor(index / width) + 0.5 - height / 2) * spacing
    const radius = Math.hypot(x / a, y / b)
    if (radius >= 1) continue
    const depth = (1 - radius) * Math.min(a, b)
    const angle = Math.atan2(y, x)
    const bend = 2.2 * Math.sin(5 * angle + first + 9 * level) + 0.09 * depth
    const fold = Math.sin(19 * angle + bend + second) + 0.55 * Math.sin(31 * angle - bend + third)
    values[index] = grey[cortexAt({ x, y, depth, fold, level })]
  }
}

function cortexAt(at: {
  readonly x: number
  readonly y: number
  readonly depth: number
  readonly fold: number
  readonly level: number
}): Tissue {
  const midline = Math.abs(at.x + 1.5 * Math.sin(at.y / 14))
  const parted = at.level > 0.72 || Math.abs(at.y) > 34
  if (parted && midline < 1.3) return 'fluid'
  const sulcus = at.fold - 0.75 - at.depth / 22
  if (sulcus > 0.16) return 'fluid'
  if (parted && midline < 5) return 'grey'
  if (sulcus > -0.42 || at.depth < 3.2) return 'grey'
  return 'white'
}

interface Slice {
  readonly level: number
  readonly grey: Readonly<Record<Tissue, number>>
}

/** Basal ganglia and ventricles, from the midbrain up to the roof of the lateral ventricles. */
function paintDeep(canvas: Canvas, head: Head, { level, grey }: Slice): void {
  for (const side of [-1, 1]) {
    if (level < 0.56) {
      paint(canvas, { x: side * 25, y: -6, a: 7, b: 17, turn: side * 0.28 }, grey.grey)
      paint(canvas, { x: side * 10, y: 10, a: 8, b: 13, turn: side * -0.35 }, grey.grey * 1.05)
      paint(canvas, { x: side * 43, y: -4, a: 3, b: 22, turn: side * 0.1 }, grey.grey)
    }
    if (level < 0.64)
      paint(canvas, { x: side * 14, y: -24, a: 5.5, b: 11, turn: side * -0.3 }, grey.grey)
    paintLateralVentricle(canvas, { side, level, size: head.ventricles }, grey.fluid)
  }
  if (level < 0.52) {
    paint(canvas, { x: 0, y: 4, a: 2.6 * head.ventricles, b: 13 }, grey.fluid)
    paint(canvas, { x: 0, y: 40, a: 12, b: 5 }, grey.fluid)
  }
  for (const lesion of head.lesions) {
    const near = 1 - Math.abs(level - lesion.level) / 0.06
    if (near > 0) paint(canvas, { x: lesion.x, y: lesion.y, a: 4 * near, b: 3 * near }, grey.lesion)
  }
}

function paintLateralVentricle(
  canvas: Canvas,
  horn: { readonly side: number; readonly level: number; readonly size: number },
  fluid: number,
): void {
  const { side, level, size } = horn
  if (level > 0.74) return
  const body = level > 0.56
  const thin = size * (body ? 1 - (level - 0.56) / 0.26 : 1)
  paint(canvas, { x: side * 9, y: -24, a: 4.6 * thin, b: 15, turn: side * -0.42 }, fluid)
  if (body) paint(canvas, { x: side * 11, y: 2, a: 5.2 * thin, b: 30, turn: side * -0.08 }, fluid)
  paint(canvas, { x: side * 21, y: 35, a: 5.4 * thin, b: 16, turn: side * -0.38 }, fluid)
}

/** Eyes, temporal lobes' border, brain stem and cerebellum. */
function paintSkullBase(canvas: Canvas, level: number, grey: Slice['grey']): void {
  paint(canvas, { x: 0, y: -48, a: 56, b: 36 }, grey.muscle)
  paint(canvas, { x: 0, y: -40, a: 13, b: 22 }, grey.air)
  paint(canvas, { x: 0, y: -58, a: 2, b: 24 }, grey.muscle)
  for (const side of [-1, 1]) {
    paintOrbit(canvas, { side, level }, grey)
    paint(canvas, { x: side * 45, y: 6, a: 22, b: 5, turn: side * -0.55 }, grey.bone)
    if (level < 0.18) paint(canvas, { x: side * 52, y: 22, a: 9, b: 7 }, grey.air * 3)
  }
  const hindbrain = 0.72 + level
  paint(canvas, { x: 0, y: 44, a: 48 * hindbrain, b: 31 }, grey.fluid)
  for (const side of [-1, 1]) paintCerebellum(canvas, { side, size: hindbrain }, grey)
  paint(canvas, { x: 0, y: 52, a: 8, b: 22 * hindbrain }, grey.grey)
  paint(canvas, { x: 0, y: 12, a: 17, b: 14 }, grey.white * 0.92)
  paint(canvas, { x: 0, y: 27, a: 6 + level * 12, b: 4.5 }, grey.fluid)
}

function paintOrbit(
  canvas: Canvas,
  { side, level }: { readonly side: number; readonly level: number },
  grey: Slice['grey'],
): void {
  const cut = Math.sqrt(Math.max(0, 1 - ((level - 0.2) / 0.13) ** 2))
  paint(canvas, { x: side * 31, y: -50, a: 21 * cut, b: 24 * cut }, grey.scalp * 0.9)
  paint(canvas, { x: side * 31, y: -64, a: 12 * cut, b: 12 * cut }, grey.fluid)
  if (cut < 0.8) return
  paint(canvas, { x: side * 31, y: -73, a: 4.5, b: 2.5 }, grey.muscle)
  paint(canvas, { x: side * 22, y: -38, a: 2.2, b: 17, turn: side * -0.45 }, grey.white)
}

function paintCerebellum(
  canvas: Canvas,
  { side, size }: { readonly side: number; readonly size: number },
  grey: Slice['grey'],
): void {
  for (let leaf = 0; leaf < 7; leaf += 1) {
    const inset = leaf * 3.4
    const tissue = leaf % 2 === 0 ? grey.grey : grey.grey * 0.5 + grey.white * 0.5
    const reach = { a: (22 - inset) * size, b: (27 - inset) * size }
    paint(canvas, { x: side * 24 * size, y: 46, ...reach, turn: side * 0.3 }, tissue)
  }
  paint(canvas, { x: side * 22, y: 42, a: 6, b: 12, turn: side * 0.4 }, grey.white)
}
