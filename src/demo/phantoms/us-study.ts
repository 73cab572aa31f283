/** An echocardiogram of one loop (Ultrasound Multi-frame Image IOD, PS3.3 section A.7). */
import { commonModules, greyPixels, instanceUid } from './common-modules.ts'
import { attributes, type PhantomInstance, type PhantomStudy } from './phantom-study.ts'
import { CINE, paintCine } from './ultrasound-cine.ts'

const US_MULTIFRAME = '1.2.840.10008.5.1.4.1.1.3.1'
const SERIES = { number: 1, description: 'Apikal firekammer', device: 'Phantom US' }

export function* makeUsStudy(study: PhantomStudy): Generator<PhantomInstance> {
  yield {
    uid: instanceUid(study, SERIES.number, 1),
    sopClassUid: US_MULTIFRAME,
    attributes: attributes(
      commonModules(study, SERIES, { number: 1, sopClassUid: US_MULTIFRAME }),
      greyPixels({ rows: CINE.rows, columns: CINE.columns, bitsAllocated: 8, bitsStored: 8 }),
      US_MODULES,
    ),
    pixels: () => paintCine(study.uid),
  }
}

/** One two-dimensional tissue region, calibrated in centimetres (PS3.3 section C.8.5.5). */
const REGION = attributes({
  '00186012': ['US', 1],
  '00186014': ['US', 1],
  '00186016': ['UL', 0],
  '00186018': ['UL', 0],
  '0018601A': ['UL', 0],
  '0018601C': ['UL', CINE.columns - 1],
  '0018601E': ['UL', CINE.rows - 1],
  '00186024': ['US', 3],
  '00186026': ['US', 3],
  '0018602C': ['FD', CINE.spacing / 10],
  '0018602E': ['FD', CINE.spacing / 10],
})

const US_MODULES = {
  '00080008': ['CS', 'ORIGINAL', 'PRIMARY', '', '0001'],
  '00082144': ['IS', Math.round(1000 / CINE.frameTime)],
  '00180040': ['IS', Math.round(1000 / CINE.frameTime)],
  '00181063': ['DS', CINE.frameTime],
  '00186011': ['SQ', REGION],
  '00280008': ['IS', CINE.frames],
  '00280009': ['AT', '00181063'],
  '00280014': ['US', 0],
  '00281050': ['DS', 128],
  '00281051': ['DS', 256],
} as const
