/** A contrast CT of chest and abdomen: one series of 40 axial slices (CT Image IOD, PS3.3 section A.3). */
import { blur, makeCanvas, to16Bit } from './canvas.ts'
import { axialPlane, commonModules, greyPixels, instanceUid } from './common-modules.ts'
import { makeTrunk, paintTrunk, type Trunk } from './ct-anatomy.ts'
import { attributes, type PhantomInstance, type PhantomStudy } from './phantom-study.ts'
import { makeNoise } from './random.ts'

const CT_IMAGE = '1.2.840.10008.5.1.4.1.1.2'
const SLICES = 40
const SIZE = 256
const SPACING = 1.5
const THICKNESS = 10
const INTERCEPT = -1024
const SERIES = { number: 2, description: 'Thorax/abdomen kontrast 10.0 B30f', device: 'Phantom CT' }

export function* makeCtStudy(study: PhantomStudy): Generator<PhantomInstance> {
  const trunk = makeTrunk(study.uid)
  const noise = makeNoise(study.uid)
  for (let number = 1; number <= SLICES; number += 1)
    yield {
      uid: instanceUid(study, SERIES.number, number),
      sopClassUid: CT_IMAGE,
      attributes: attributes(
        commonModules(study, SERIES, { number, sopClassUid: CT_IMAGE }),
        greyPixels({ rows: SIZE, columns: SIZE, bitsAllocated: 16, bitsStored: 12 }),
        axialPlane(study, {
          size: SIZE,
          spacing: SPACING,
          thickness: THICKNESS,
          gap: THICKNESS,
          position: (1 - number) * THICKNESS,
        }),
        CT_MODULE,
      ),
      pixels: () => paintSlice(trunk, (number - 1) * THICKNESS, noise(number)),
    }
}

const CT_MODULE = {
  '00080008': ['CS', 'ORIGINAL', 'PRIMARY', 'AXIAL'],
  '00180010': ['LO', 'Iohexol'],
  '00180060': ['DS', 120],
  '00181151': ['IS', 180],
  '00181210': ['SH', 'B30f'],
  '00200012': ['IS', 1],
  '00281050': ['DS', 40, -600],
  '00281051': ['DS', 400, 1500],
  '00281052': ['DS', INTERCEPT],
  '00281053': ['DS', 1],
  '00281054': ['LO', 'HU'],
  '00281055': ['LO', 'Bløtvev', 'Lunge'],
} as const

function paintSlice(trunk: Trunk, z: number, noise: () => number): Uint8Array {
  const canvas = makeCanvas(SIZE, SPACING, -1000)
  paintTrunk(canvas, trunk, z)
  const { values } = canvas
  // Noise before the blur, so that it has the grain a reconstruction kernel gives it.
  for (let index = 0; index < values.length; index += 1)
    values[index] = (values[index] ?? 0) + 34 * noise() - INTERCEPT
  blur(canvas)
  return to16Bit(values, 0, 4095)
}
