/** Metadata of a study's instances for a caller, under the same decision and disclosure as the objects. */
import { gunzip } from 'node:zlib'
import { promisify } from 'node:util'
import type { DicomJson } from '../domain/imaging/study.ts'
import { HubError } from '../kernel/errors.ts'
import type { InstanceUid, SeriesUid } from '../kernel/ids.ts'
import { parseDicomJson } from '../sources/dicomweb.ts'
import { readMetadata } from '../storage/instance-metadata.ts'
import type { CopyInstance, StudyCopy } from '../storage/study-copies.ts'
import { textAt } from '../wire/dicom/attributes.ts'
import { type FoundStudy, isDeposited, type OpenStudyDeps } from './open-study.ts'
import type { Disclosure } from './record-audit.ts'
import { sourceOf } from './source-of-copy.ts'
import { startingWith } from './starting-with.ts'
import { tryCopies } from './try-copies.ts'

/** One instance's metadata: ready as JSON text, or a source's, whose addresses are still its own. */
export type InstanceMetadata =
  | { readonly held: 'hub'; readonly instance: InstanceUid; readonly json: Buffer }
  | {
      readonly held: 'source'
      readonly instance: InstanceUid
      readonly series: SeriesUid
      readonly dataset: DicomJson
    }

export interface OpenedMetadata {
  readonly copy: StudyCopy
  readonly items: AsyncIterable<InstanceMetadata>
  readonly disclosure: Disclosure
  /** Aborts when the caller leaves or access ends. */
  readonly signal: AbortSignal
}

/**
 * Resolves when the disclosure is committed and the first item is there. Throws as `OpenStudy.open` does;
 * so may the iteration, and what was sent is then not the whole.
 */
export type OpenMetadata = (found: FoundStudy, signal: AbortSignal) => Promise<OpenedMetadata>

export function makeOpenMetadata(deps: OpenStudyDeps): OpenMetadata {
  return (found, gone) =>
    tryCopies({ copies: found.copies, signal: gone, log: deps.log }, async (copy) => {
      const disclosure = await deps.openDisclosure(found.access, copy, found.context)
      const signal = AbortSignal.any([gone, disclosure.signal])
      const items = metadataOf(deps, { found, copy, signal })
      try {
        const first = await items.next()
        return { copy, items: startingWith(first, items), disclosure, signal }
      } catch (error) {
        await disclosure.close('failed')
        throw error
      }
    })
}

interface Reading {
  readonly found: FoundStudy
  readonly copy: StudyCopy
  readonly signal: AbortSignal
}

async function* metadataOf(
  deps: OpenStudyDeps,
  reading: Reading,
): AsyncGenerator<InstanceMetadata, void, undefined> {
  const { copy } = reading
  const deposited = copy.instances.filter(isDeposited)
  const elsewhere = copy.instances.filter((instance) => !isDeposited(instance))
  // The source goes first: what it cannot deliver is known before the first byte.
  if (elsewhere.length > 0) yield* fromSource(deps, reading, elsewhere)
  yield* fromIndex(deps, copy, deposited)
}

const BATCH = 100
const unzip = promisify(gunzip)

async function* fromIndex(
  { pool }: OpenStudyDeps,
  { imagingStudy }: StudyCopy,
  instances: readonly CopyInstance[],
): AsyncGenerator<InstanceMetadata, void, undefined> {
  for (let from = 0; from < instances.length; from += BATCH) {
    const uids = instances.slice(from, from + BATCH).map(({ instance }) => instance)
    const stored = await readMetadata(pool, imagingStudy, uids)
    if (stored.length < uids.length)
      throw new HubError('unavailable', 'The study changed while it was read; ask again')
    for (const { instance, gzip } of stored)
      yield { held: 'hub', instance, json: await unzip(gzip) }
  }
}

async function* fromSource(
  deps: OpenStudyDeps,
  { found, copy, signal }: Reading,
  expected: readonly CopyInstance[],
): AsyncGenerator<InstanceMetadata, void, undefined> {
  const source = await sourceOf(deps, copy)
  const wanted = new Map<string, CopyInstance>(expected.map((item) => [item.instance, item]))
  for await (const text of await source.retrieveMetadata(found.scope, signal)) {
    const dataset = parseDicomJson(text)
    const uid = textAt(dataset, '00080018') ?? ''
    const known = wanted.get(uid)
    // Not indexed, or another's: the index says what the caller may have.
    if (known === undefined || textAt(dataset, '0020000D') !== copy.study) continue
    wanted.delete(uid)
    yield { held: 'source', instance: known.instance, series: known.series, dataset }
  }
  if (wanted.size > 0)
    throw new HubError('source-failed', `The source did not describe ${wanted.size} object(s)`)
}
