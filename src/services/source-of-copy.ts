/** The source behind a copy, ready to be asked. */
import { HubError } from '../kernel/errors.ts'
import type { Sealer } from '../kernel/seal.ts'
import type { DicomwebSource, OpenDicomwebSource } from '../sources/dicomweb.ts'
import type { Db } from '../storage/db.ts'
import { findSource } from '../storage/sources.ts'
import type { StudyCopy } from '../storage/study-copies.ts'

export interface SourceDeps {
  readonly pool: Db
  readonly sealer: Sealer
  readonly openSource: OpenDicomwebSource
}

/** Throws `source-unavailable` where there is none any more, or it is switched off. */
export async function sourceOf(
  { pool, sealer, openSource }: SourceDeps,
  copy: StudyCopy,
): Promise<DicomwebSource> {
  const source = copy.source === null ? undefined : await findSource(pool, sealer, copy.source)
  if (source?.active !== true)
    throw new HubError('source-unavailable', 'The source of this study is out of service')
  return openSource(source)
}
