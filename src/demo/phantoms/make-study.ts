/** The generator of each modality; an object is made when it is asked for, never the whole study at once. */
import { makeCtStudy } from './ct-study.ts'
import { makeDxStudy } from './dx-study.ts'
import { makeMrStudy } from './mr-study.ts'
import type { PhantomInstance, PhantomModality, PhantomStudy } from './phantom-study.ts'
import { makeUsStudy } from './us-study.ts'

const GENERATORS: Readonly<
  Record<PhantomModality, (study: PhantomStudy) => Generator<PhantomInstance>>
> = { CT: makeCtStudy, MR: makeMrStudy, DX: makeDxStudy, US: makeUsStudy }

/** The same study description gives the same bytes, on every machine. */
export function makeStudy(study: PhantomStudy): Generator<PhantomInstance> {
  return GENERATORS[study.modality](study)
}
