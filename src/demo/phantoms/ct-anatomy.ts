/**
 * One axial slice of a trunk, from the lung apices (0 mm) down to the lower kidneys (400 mm), in
 * Hounsfield units. x grows to the patient's left, y to the back; a slice is looked at from the feet.
 */
import { type Canvas, type Ellipse, paint, paintWith } from './canvas.ts'
import { makeRandom } from './random.ts'

const HU = {
  air: -1000,
  lung: -860,
  fat: -100,
  water: 15,
  muscle: 55,
  spleen: 115,
  liver: 105,
  vessel: 190,
  kidney: 175,
  marrow: 230,
  bone: 750,
}

/** An organ as an ellipsoid, or as a tube where `straight`. Millimetres. */
interface Organ extends Ellipse {
  readonly z: number
  readonly c: number
  readonly hu: number
  readonly straight?: boolean
}

export interface Trunk {
  /** Right to left and front to back, relative to an average adult. */
  readonly girth: number
  readonly lungVessels: readonly Organ[]
  readonly bowel: readonly Organ[]
  readonly findings: readonly Organ[]
}

const LUNGS: readonly Organ[] = [
  { x: -78, y: -2, a: 64, b: 82, z: 150, c: 145, hu: HU.lung },
  { x: 80, y: 2, a: 60, b: 82, z: 148, c: 140, hu: HU.lung },
]

const CHEST: readonly Organ[] = [
  // mediastinum, heart and great vessels
  { x: 0, y: -8, a: 27, b: 62, z: 110, c: 130, hu: HU.muscle, straight: true },
  { x: 26, y: -26, a: 62, b: 50, z: 195, c: 62, hu: HU.muscle, turn: 0.5 },
  { x: 36, y: -24, a: 34, b: 27, z: 198, c: 42, hu: HU.vessel, turn: 0.6 },
  { x: -8, y: -36, a: 26, b: 24, z: 185, c: 40, hu: HU.vessel },
  { x: 8, y: -22, a: 27, b: 14, z: 140, c: 16, hu: HU.vessel, turn: -0.4 },
  { x: -6, y: -32, a: 16, b: 16, z: 120, c: 45, hu: HU.vessel, straight: true },
  { x: 8, y: -8, a: 16, b: 42, z: 84, c: 12, hu: HU.vessel, turn: 0.25, straight: true },
  { x: -27, y: -28, a: 10, b: 11, z: 110, c: 60, hu: HU.vessel, straight: true },
  { x: 18, y: 40, a: 13, b: 13, z: 245, c: 165, hu: HU.vessel, straight: true },
  // trachea, main bronchi, oesophagus
  { x: 0, y: -2, a: 10, b: 10, z: 50, c: 66, hu: HU.air, straight: true },
  { x: -20, y: 2, a: 13, b: 7, z: 124, c: 9, hu: HU.air, turn: 0.2, straight: true },
  { x: 20, y: 4, a: 13, b: 6.5, z: 126, c: 9, hu: HU.air, turn: -0.2, straight: true },
  { x: 6, y: 26, a: 7, b: 6, z: 130, c: 130, hu: HU.muscle, straight: true },
]

const ABDOMEN: readonly Organ[] = [
  { x: -52, y: -6, a: 96, b: 84, z: 275, c: 82, hu: HU.liver, turn: -0.15 },
  { x: 8, y: -48, a: 50, b: 26, z: 262, c: 38, hu: HU.liver },
  { x: -58, y: -30, a: 14, b: 18, z: 312, c: 24, hu: HU.water },
  { x: 92, y: 44, a: 30, b: 44, z: 272, c: 52, hu: HU.spleen, turn: 0.35 },
  { x: 66, y: -34, a: 46, b: 34, z: 268, c: 48, hu: HU.water + 20 },
  { x: 62, y: -52, a: 30, b: 12, z: 268, c: 36, hu: HU.air },
  { x: 20, y: 4, a: 52, b: 11, z: 310, c: 16, hu: HU.spleen - 25, turn: -0.25 },
  { x: -24, y: 28, a: 12, b: 10, z: 330, c: 110, hu: HU.vessel - 40, straight: true },
  { x: 10, y: 36, a: 11, b: 11, z: 360, c: 90, hu: HU.vessel, straight: true },
  { x: -66, y: 50, a: 29, b: 26, z: 335, c: 58, hu: HU.kidney, turn: 0.5 },
  { x: 68, y: 48, a: 29, b: 26, z: 328, c: 58, hu: HU.kidney, turn: -0.5 },
  { x: -56, y: 46, a: 13, b: 9, z: 335, c: 30, hu: HU.fat },
  { x: 58, y: 44, a: 13, b: 9, z: 328, c: 30, hu: HU.fat },
  { x: -36, y: 62, a: 17, b: 20, z: 390, c: 75, hu: HU.muscle },
  { x: 36, y: 62, a: 17, b: 20, z: 390, c: 75, hu: HU.muscle },
]

export function makeTrunk(seed: string): Trunk {
  const random = makeRandom(`${seed}/trunk`)
  const lungVessels = Array.from({ length: 700 }, (_, index) => {
    const side = index % 2 === 0 ? -1 : 1
    const outward = Math.sqrt(random.next())
    return {
      x: side * (30 + outward * 92),
      y: random.between(-68, 68),
      a: random.between(1.6, 5.5) * (1.25 - outward * 0.75),
      b: random.between(1.3, 3.2) * (1.2 - outward * 0.5),
      turn: random.between(0, Math.PI),
      z: random.between(30, 260),
      c: random.between(6, 18),
      hu: HU.muscle,
    }
  })
  const bowel = Array.from({ length: 46 }, () => ({
    x: random.between(-95, 95),
    y: random.between(-62, 18),
    a: random.between(11, 20),
    b: random.between(9, 15),
    turn: random.between(0, Math.PI),
    z: random.between(330, 420),
    c: random.between(16, 40),
    hu: random.next() < 0.25 ? HU.air + 100 : random.between(20, 70),
  }))
  const findings = [
    {
      x: random.between(-115, -70),
      y: random.between(-40, 40),
      a: 7,
      b: 7,
      z: random.between(90, 170),
      c: 9,
      hu: HU.muscle,
    },
  ]
  return { girth: random.between(0.94, 1.06), lungVessels, bowel, findings }
}

/** Paints the slice at `z` millimetres onto a canvas of air. */
export function paintTrunk(canvas: Canvas, trunk: Trunk, z: number): void {
  const width = 166 * trunk.girth
  const depth = (z < 60 ? 94 + z / 6 : 104) * trunk.girth
  paint(canvas, { x: 0, y: 4, a: width, b: depth }, HU.fat)
  paint(canvas, { x: 0, y: 4, a: width - 14, b: depth - 11 }, HU.muscle)
  paint(canvas, { x: 0, y: 2, a: width - 30, b: depth - 22 }, z < 250 ? HU.muscle : HU.fat)
  paintOrgans(canvas, LUNGS, z)
  paintInLung(canvas, [...trunk.lungVessels, ...trunk.findings], z)
  paintOrgans(canvas, z < 330 ? CHEST : [], z)
  paintOrgans(canvas, z > 320 ? trunk.bowel : [], z)
  paintOrgans(canvas, ABDOMEN, z)
  paintSpine(canvas, z)
  paintRibs(canvas, { z, width: width - 24, depth: depth - 17 })
  paintTable(canvas, 4 + depth)
}

function paintOrgans(canvas: Canvas, organs: readonly Organ[], z: number): void {
  for (const organ of organs) {
    const cut = cutAt(organ, z)
    if (cut !== undefined) paint(canvas, cut, organ.hu)
  }
}

/** Vessels and nodules show where they lie in lung; elsewhere they are in tissue already. */
function paintInLung(canvas: Canvas, organs: readonly Organ[], z: number): void {
  for (const organ of organs) {
    const cut = cutAt(organ, z)
    if (cut !== undefined) paintWith(canvas, cut, (old) => (old < -500 ? organ.hu : old))
  }
}

function cutAt(organ: Organ, z: number): Ellipse | undefined {
  const away = (z - organ.z) / organ.c
  if (Math.abs(away) >= 1) return undefined
  const scale = organ.straight === true ? 1 : Math.sqrt(1 - away * away)
  return { ...organ, a: organ.a * scale, b: organ.b * scale }
}

const VERTEBRA = 26

function paintSpine(canvas: Canvas, z: number): void {
  const disc = Math.abs((z % VERTEBRA) - VERTEBRA / 2) > VERTEBRA / 2 - 4
  const size = 18 + z / 60
  paint(canvas, { x: 0, y: 62, a: size, b: size - 4 }, disc ? 90 : HU.bone)
  if (!disc) paint(canvas, { x: 0, y: 62, a: size - 2.5, b: size - 6.5 }, HU.marrow)
  paint(canvas, { x: -13, y: 80, a: 5, b: 12, turn: -0.5 }, HU.bone)
  paint(canvas, { x: 13, y: 80, a: 5, b: 12, turn: 0.5 }, HU.bone)
  if (!disc) {
    paint(canvas, { x: -27, y: 84, a: 15, b: 4, turn: -0.3 }, HU.bone - 200)
    paint(canvas, { x: 27, y: 84, a: 15, b: 4, turn: 0.3 }, HU.bone - 200)
  }
  paint(canvas, { x: 0, y: 91, a: 3.5, b: 11 }, HU.bone - 150)
  paint(canvas, { x: 0, y: 79, a: 9, b: 8 }, HU.water + 15)
}

/** A rib runs from the spine round to the front and falls on the way, so a slice cuts each once a side. */
function paintRibs(
  canvas: Canvas,
  wall: { readonly z: number; readonly width: number; readonly depth: number },
): void {
  for (let rib = 0; rib < 12; rib += 1) {
    const along = (wall.z - (6 + rib * 22)) / 105
    if (along < 0.03 || along > 0.92) continue
    const angle = Math.PI / 2 - along * Math.PI * 0.92
    for (const side of [-1, 1]) {
      const x = side * wall.width * Math.cos(angle)
      const y = 4 + wall.depth * Math.sin(angle)
      const turn = Math.atan2(wall.depth * Math.cos(angle), -side * wall.width * Math.sin(angle))
      paint(canvas, { x, y, a: 11, b: 5, turn }, along > 0.8 ? 160 : HU.bone)
      if (along <= 0.8) paint(canvas, { x, y, a: 8.5, b: 2.6, turn }, HU.marrow)
    }
  }
  if (wall.z > 40 && wall.z < 215) {
    paint(canvas, { x: 0, y: 2 - wall.depth, a: 19, b: 6 }, HU.bone - 200)
    paint(canvas, { x: 0, y: 2 - wall.depth, a: 16, b: 3.5 }, HU.marrow - 60)
  }
  if (wall.z < 110) paintScapulae(canvas, wall.z)
}

function paintScapulae(canvas: Canvas, z: number): void {
  const length = 38 - z / 5
  for (const side of [-1, 1])
    paint(canvas, { x: side * 101, y: 68, a: length, b: 4.5, turn: side * -0.62 }, HU.bone - 100)
}

function paintTable(canvas: Canvas, back: number): void {
  const curve = { x: 0, y: back - 396, a: 400, b: 400 }
  const shell = canvas.spacing * 1.3
  paintWith(canvas, curve, (old, squaredRadius) => {
    const depth = curve.a * (1 - Math.sqrt(squaredRadius))
    return old <= HU.air && depth < shell ? -350 : old
  })
}
