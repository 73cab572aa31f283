/** A study from the hub into a folder: one file per object, each verified before it gets its name. */
import { mkdir, open, rename, rm } from 'node:fs/promises'
import path from 'node:path'
import { HubError, isHubError } from '../kernel/errors.ts'
import type { HubDicomweb } from '../sources/hub-dicomweb.ts'
import { makeHeadReader } from '../wire/dicom/read-head.ts'
import type { Part } from '../wire/multipart/read-multipart.ts'

export interface DownloadProblem {
  /** SOP Instance UID, or the number of the part where that is not known. */
  readonly object: string
  readonly problem: string
}

export interface DownloadReport {
  readonly study: string
  /** Objects that the search promised. */
  readonly expected: number
  /** Objects that came and hold what they should. */
  readonly verified: number
  readonly bytes: number
  readonly seconds: number
  readonly problems: readonly DownloadProblem[]
}

export interface Download {
  readonly study: string
  readonly folder: string
  readonly onObject: (done: number, total: number) => void
}

/**
 * Throws HubError where nothing comes at all: `not-found` for a study that is not there or not the
 * caller's. Anything less is a problem in the report, and such an object leaves no file.
 */
export async function downloadStudy(
  hub: Pick<HubDicomweb, 'searchInstances' | 'retrieveStudy'>,
  download: Download,
): Promise<DownloadReport> {
  const start = performance.now()
  const expected = await promisedObjects(hub, download.study)
  const parts = await hub.retrieveStudy(download.study)
  await mkdir(download.folder, { recursive: true })
  const received = new Map<string, number>()
  const problems: DownloadProblem[] = []
  const refuse = (object: string, problem: string): unknown => problems.push({ object, problem })
  try {
    for await (const part of parts) {
      const saved = await savePart(part, download, { expected, received })
      if ('problem' in saved) refuse(saved.object, saved.problem)
      else received.set(saved.uid, saved.bytes)
      download.onObject(received.size, expected.size)
    }
  } catch (error) {
    if (!isHubError(error)) throw error
    refuse('the answer', error.message)
  }
  for (const uid of expected) if (!received.has(uid)) refuse(uid, 'did not come')
  return {
    study: download.study,
    expected: expected.size,
    verified: received.size,
    bytes: [...received.values()].reduce((sum, bytes) => sum + bytes, 0),
    seconds: (performance.now() - start) / 1000,
    problems,
  }
}

async function promisedObjects(
  hub: Pick<HubDicomweb, 'searchInstances'>,
  study: string,
): Promise<ReadonlySet<string>> {
  const found = await hub.searchInstances(study)
  const uids = found.map((instance) => instance['00080018']?.Value?.[0])
  const expected = new Set(uids.filter((uid) => typeof uid === 'string'))
  if (expected.size > 0) return expected
  throw new HubError('not-found', 'There is no such study, or it is not yours to see')
}

interface Ledger {
  readonly expected: ReadonlySet<string>
  readonly received: ReadonlyMap<string, number>
}

type Saved = { readonly uid: string; readonly bytes: number } | DownloadProblem

/** Renamed into place once it is whole, on disk and known to be what was asked for. */
async function savePart(part: Part, { study, folder }: Download, ledger: Ledger): Promise<Saved> {
  const temporary = path.join(folder, `.part-${part.number}`)
  try {
    const { uid, studyUid, bytes } = await writePart(part, temporary)
    const problem = faultOf({ uid, studyUid, study }, ledger)
    if (problem !== undefined) return { object: uid, problem }
    await rename(temporary, path.join(folder, `${uid}.dcm`))
    return { uid, bytes }
  } catch (error) {
    if (!isHubError(error, 'unprocessable') && !isHubError(error, 'invalid')) throw error
    return { object: `part ${part.number}`, problem: error.message }
  } finally {
    await rm(temporary, { force: true })
  }
}

interface Written {
  readonly uid: string
  readonly studyUid: string
  readonly bytes: number
}

/** Throws `unprocessable` for what is not a whole DICOM object, `invalid` for a wrong length. */
async function writePart(part: Part, file: string): Promise<Written> {
  const reader = makeHeadReader({ characterSet: 'ISO_IR 100' })
  const handle = await open(file, 'w')
  let bytes = 0
  try {
    for await (const chunk of part.body) {
      await reader.push(chunk)
      await handle.write(chunk)
      bytes += chunk.length
    }
    await handle.sync()
  } finally {
    await handle.close()
  }
  const { dataset } = await reader.finish()
  const uidOf = (tag: string): string => {
    const value = dataset[tag]?.Value?.[0]
    return typeof value === 'string' ? value : ''
  }
  return { uid: uidOf('00080018'), studyUid: uidOf('0020000D'), bytes }
}

function faultOf(
  { uid, studyUid, study }: { readonly uid: string; readonly studyUid: string; study: string },
  { expected, received }: Ledger,
): string | undefined {
  if (studyUid !== study) return 'belongs to another study'
  if (!expected.has(uid)) return 'was not promised by the search'
  if (received.has(uid)) return 'came twice'
  return undefined
}
