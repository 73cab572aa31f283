/** A chest radiograph, PA (Digital X-Ray Image For Presentation IOD, PS3.3 section A.26). */
import { blur, makeCanvas, paint, type Canvas, to16Bit } from './canvas.ts'
import { paintChest } from './chest-anatomy.ts'
import { commonModules, greyPixels, instanceUid } from './common-modules.ts'
import { attributes, code, type PhantomInstance, type PhantomStudy } from './phantom-study.ts'
import { makeNoise, makeRandom } from './random.ts'

const DX_IMAGE = '1.2.840.10008.5.1.4.1.1.1.1'
const SIZE = 1024
const SPACING = 0.4
const SERIES = { number: 1, description: 'Thorax front PA', device: 'Phantom DX' }

export function* makeDxStudy(study: PhantomStudy): Generator<PhantomInstance> {
  yield {
    uid: instanceUid(study, SERIES.number, 1),
    sopClassUid: DX_IMAGE,
    attributes: attributes(
      commonModules(study, SERIES, { number: 1, sopClassUid: DX_IMAGE }),
      greyPixels({ rows: SIZE, columns: SIZE, bitsAllocated: 16, bitsStored: 12 }),
      DX_MODULES,
    ),
    pixels: () => paintRadiograph(study.uid),
  }
}

const DX_MODULES = {
  '00080008': ['CS', 'ORIGINAL', 'PRIMARY', ''],
  '00080068': ['CS', 'FOR PRESENTATION'],
  '00082218': ['SQ', code('51185008', 'SCT', 'Thorax')],
  '00180060': ['DS', 125],
  '00181164': ['DS', SPACING, SPACING],
  '00181401': ['LO', 'Thorax'],
  '00185101': ['CS', 'PA'],
  '00187004': ['CS', 'DIRECT'],
  '00200020': ['CS', 'L', 'F'],
  '00200062': ['CS', 'U'],
  '00280030': ['DS', SPACING, SPACING],
  '00280301': ['CS', 'NO'],
  '00281040': ['CS', 'LOG'],
  '00281041': ['SS', 1],
  '00281050': ['DS', 2000],
  '00281051': ['DS', 3600],
  '00281052': ['DS', 0],
  '00281053': ['DS', 1],
  '00281054': ['LO', 'US'],
  '00540220': ['SQ', code('399348003', 'SCT', 'postero-anterior')],
  '20500020': ['CS', 'IDENTITY'],
} as const

function paintRadiograph(seed: string): Uint8Array {
  const random = makeRandom(`${seed}/chest`)
  const noise = makeNoise(seed)(1)
  const canvas = makeCanvas(SIZE, SPACING, 0)
  paintChest(canvas, random)
  const { values } = canvas
  for (let index = 0; index < values.length; index += 1)
    values[index] = 250 + 3550 * (1 - Math.exp(-(values[index] ?? 0) / 200)) + 40 * noise()
  blur(canvas)
  paintSideMarker(canvas)
  return to16Bit(values, 0, 4095)
}

/** The lead letter R at the patient's right shoulder. */
function paintSideMarker(canvas: Canvas): void {
  const lead = 4000
  const left = -178
  for (let y = 0; y < 16; y += 0.5) paint(canvas, { x: left, y: y - 182, a: 1.3, b: 1.3 }, lead)
  for (let turn = -Math.PI / 2; turn < Math.PI / 2; turn += 0.05) {
    const x = left + 3 + 4.5 * Math.cos(turn)
    paint(canvas, { x, y: -178 + 4.5 * Math.sin(turn), a: 1.3, b: 1.3 }, lead)
  }
  for (let along = 0; along < 1; along += 0.04) {
    paint(canvas, { x: left + 3 * along, y: -182.5, a: 1.3, b: 1.3 }, lead)
    paint(canvas, { x: left + 3 * along, y: -173.5, a: 1.3, b: 1.3 }, lead)
    paint(canvas, { x: left + 2 + 6 * along, y: -173.5 + 7.5 * along, a: 1.3, b: 1.3 }, lead)
  }
}
