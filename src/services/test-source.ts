/** Asking a source what the hub will ask of it, one thing after the other, and saying what works. */
import type { ImageSource } from '../domain/imaging/source.ts'
import type { DicomJson } from '../domain/imaging/study.ts'
import { isUid, parseStudyUid } from '../domain/imaging/uid.ts'
import { HubError, isHubError } from '../kernel/errors.ts'
import type { StudyUid } from '../kernel/ids.ts'
import type { DicomwebSource, OpenDicomwebSource } from '../sources/dicomweb.ts'
import { readFileMeta } from '../wire/dicom/file-meta.ts'
import { textAt } from '../wire/dicom/attributes.ts'
import type { SourceTest } from './administration.ts'

export interface SourceStep {
  readonly name: 'search' | 'metadata' | 'retrieve'
  readonly ok: boolean
  /** What was found, or what went wrong and what to look at. */
  readonly text: string
}

export interface SourceExamination extends SourceTest {
  readonly steps: readonly SourceStep[]
}

/** Asks for no more than the beginning of each answer. A step that fails ends the test. */
export async function examineSource(
  source: ImageSource,
  openSource: OpenDicomwebSource,
): Promise<SourceExamination> {
  const from = openSource(source)
  const asking = new AbortController()
  const began = performance.now()
  const steps: SourceStep[] = []
  try {
    const study = await trySearch(from, steps, asking.signal)
    if (study !== undefined) {
      await tryMetadata(from, { study, steps, signal: asking.signal })
      await tryRetrieve(from, { study, steps, signal: asking.signal })
    }
    return { ok: true, milliseconds: Math.round(performance.now() - began), steps }
  } catch (error) {
    if (!isHubError(error)) throw error
    const name = (['search', 'metadata', 'retrieve'] as const)[steps.length] ?? 'retrieve'
    steps.push({ name, ok: false, text: error.message })
    const milliseconds = Math.round(performance.now() - began)
    return { ok: false, milliseconds, problem: `${name}: ${error.message}`, steps }
  } finally {
    asking.abort()
  }
}

interface Trial {
  readonly study: StudyUid
  readonly steps: SourceStep[]
  readonly signal: AbortSignal
}

/** Any study will do; that there is none is an answer too. */
async function trySearch(
  from: DicomwebSource,
  steps: SourceStep[],
  signal: AbortSignal,
): Promise<StudyUid | undefined> {
  const study = await firstOf(from.searchStudies({}, signal))
  if (study === undefined) {
    steps.push({ name: 'search', ok: true, text: 'QIDO-RS answers; there is no study yet' })
    return undefined
  }
  const uid = textAt(study, '0020000D') ?? ''
  if (!isUid(uid)) throw new HubError('source-failed', 'A study comes without a Study Instance UID')
  steps.push({ name: 'search', ok: true, text: 'QIDO-RS answers with studies' })
  return parseStudyUid(uid)
}

async function tryMetadata(from: DicomwebSource, { study, steps, signal }: Trial): Promise<void> {
  const json = await firstOf(await from.retrieveMetadata({ study }, signal))
  if (json === undefined) throw new HubError('source-failed', 'The study has no metadata')
  const patient = textAt(JSON.parse(json) as DicomJson, '00100020')
  const named = patient === undefined ? 'names no patient id' : 'names a patient id'
  steps.push({ name: 'metadata', ok: true, text: `WADO-RS metadata comes and ${named}` })
}

async function tryRetrieve(from: DicomwebSource, { study, steps, signal }: Trial): Promise<void> {
  const { parts, discard } = await from.retrieveInstances({ study }, signal)
  try {
    const part = await firstOf(parts)
    const start = part === undefined ? undefined : await firstOf(part.body)
    const meta = readFileMeta(Buffer.from(start ?? []))
    if (typeof meta === 'string')
      throw new HubError('source-failed', 'What comes is not a DICOM object')
    const text = `WADO-RS hands out objects, in transfer syntax ${meta.transferSyntaxUid ?? 'unknown'}`
    steps.push({ name: 'retrieve', ok: true, text })
  } finally {
    discard()
  }
}

/** Not by a loop left early: that would read a long answer to its end. */
async function firstOf<Item>(items: AsyncIterable<Item>): Promise<Item | undefined> {
  const next = await items[Symbol.asyncIterator]().next()
  return next.done === true ? undefined : next.value
}
