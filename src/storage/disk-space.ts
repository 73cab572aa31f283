/** Free space is a promise to everything that shares the disk, the database above all: some of it stays free. */
import { statfs } from 'node:fs/promises'
import { HubError } from '../kernel/errors.ts'

/** Throws `unavailable`, reason `insufficient-storage`, where less than `reserveBytes` are free for us at `folder`. */
export async function requireSpace(folder: string, reserveBytes: number): Promise<void> {
  const { bavail, bsize } = await statfs(folder)
  if (bavail * bsize < reserveBytes) throw diskFull()
}

/** A write that found no space, as the same error; any other as it is. */
export function asDiskFull(error: unknown): unknown {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  return code === 'ENOSPC' || code === 'EDQUOT' ? diskFull(error) : error
}

function diskFull(cause?: unknown): HubError {
  return new HubError('unavailable', 'The hub has no space for more objects at the moment', {
    reason: 'insufficient-storage',
    cause,
  })
}
