/** A copy whose source fails before the first byte gives way to the next that the caller may have. */
import { HubError, isHubError } from '../kernel/errors.ts'
import type { Log } from '../kernel/log.ts'
import type { StudyCopy } from '../storage/study-copies.ts'

export interface Attempt {
  /** Best first. */
  readonly copies: readonly StudyCopy[]
  /** Aborts when the caller leaves. */
  readonly signal: AbortSignal
  readonly log: Log
}

/** Throws what the last copy's source failed with, and at once what is no source's failure. */
export async function tryCopies<Opened>(
  { copies, signal, log }: Attempt,
  open: (copy: StudyCopy) => Promise<Opened>,
): Promise<Opened> {
  let failure: HubError | undefined
  for (const copy of copies) {
    try {
      return await open(copy)
    } catch (error) {
      if (!isSourceFailure(error) || signal.aborted) throw error
      failure = error
      const cause = error.cause instanceof Error ? error.cause.message : undefined
      log.warn({ source: copy.source, imagingStudy: copy.imagingStudy, cause }, error.message)
    }
  }
  throw failure ?? new HubError('not-found', 'No such study, series or instance')
}

function isSourceFailure(error: unknown): error is HubError {
  return isHubError(error) && error.code.startsWith('source-')
}
