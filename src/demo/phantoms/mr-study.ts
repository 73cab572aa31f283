/** A brain MR: twelve axial slices in T1 and twelve in T2 weighting (MR Image IOD, PS3.3 section A.4). */
import { blur, makeCanvas, to16Bit } from './canvas.ts'
import { axialPlane, commonModules, greyPixels, instanceUid } from './common-modules.ts'
import { makeHead, paintHead, type Head, type Weighting } from './mr-anatomy.ts'
import {
  attributes,
  type AttributeTable,
  type PhantomInstance,
  type PhantomStudy,
} from './phantom-study.ts'
import { makeNoise } from './random.ts'

const MR_IMAGE = '1.2.840.10008.5.1.4.1.1.4'
const SLICES = 12
const SIZE = 256
const SPACING = 0.9
const THICKNESS = 5
const GAP = 12

interface Sequence {
  readonly number: number
  readonly weighting: Weighting
  readonly description: string
  readonly repetition: number
  readonly echo: number
  readonly train: number
}

const SEQUENCES: readonly Sequence[] = [
  { number: 3, weighting: 'T1', description: 'Ax T1 SE', repetition: 520, echo: 12, train: 1 },
  { number: 4, weighting: 'T2', description: 'Ax T2 TSE', repetition: 4200, echo: 98, train: 15 },
]

export function* makeMrStudy(study: PhantomStudy): Generator<PhantomInstance> {
  const head = makeHead(study.uid)
  const noise = makeNoise(study.uid)
  for (const sequence of SEQUENCES)
    for (let number = 1; number <= SLICES; number += 1)
      yield {
        uid: instanceUid(study, sequence.number, number),
        sopClassUid: MR_IMAGE,
        attributes: attributes(
          commonModules(
            study,
            { ...sequence, device: 'Phantom MR 1.5T' },
            { number, sopClassUid: MR_IMAGE },
          ),
          greyPixels({ rows: SIZE, columns: SIZE, bitsAllocated: 16, bitsStored: 12 }),
          axialPlane(study, {
            size: SIZE,
            spacing: SPACING,
            thickness: THICKNESS,
            gap: GAP,
            position: (number - 1) * GAP - 60,
          }),
          mrModule(sequence),
        ),
        pixels: () =>
          paintSlice(
            head,
            { number, weighting: sequence.weighting },
            noise(sequence.number * SLICES + number),
          ),
      }
}

function mrModule(sequence: Sequence): AttributeTable {
  return {
    '00080008': ['CS', 'ORIGINAL', 'PRIMARY', 'M', 'SE'],
    '00180020': ['CS', 'SE'],
    '00180021': ['CS', sequence.train > 1 ? 'SK' : 'NONE'],
    '00180022': ['CS'],
    '00180023': ['CS', '2D'],
    '00180080': ['DS', sequence.repetition],
    '00180081': ['DS', sequence.echo],
    '00180087': ['DS', 1.5],
    '00180091': ['IS', sequence.train],
    '00281050': ['DS', sequence.weighting === 'T1' ? 420 : 480],
    '00281051': ['DS', sequence.weighting === 'T1' ? 840 : 960],
  }
}

function paintSlice(
  head: Head,
  slice: { readonly number: number; readonly weighting: Weighting },
  noise: () => number,
): Uint8Array {
  const canvas = makeCanvas(SIZE, SPACING, 8)
  const level = (slice.number - 0.5) / SLICES
  paintHead(canvas, head, { level, weighting: slice.weighting })
  blur(canvas)
  const { values } = canvas
  for (let index = 0; index < values.length; index += 1) {
    // A magnitude picture's noise is Rician: never below zero, and a haze where there is no signal.
    const real = (values[index] ?? 0) * coil(index) + 16 * noise()
    values[index] = Math.hypot(real, 16 * noise())
  }
  return to16Bit(values, 0, 4095)
}

/** A head coil hears the surface a little better than the middle. */
function coil(index: number): number {
  const x = (index % SIZE) / SIZE - 0.5
  const y = Math.floor(index / SIZE) / SIZE - 0.5
  return 0.93 + 0.7 * (x * x + y * y)
}
