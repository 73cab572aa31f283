/**
 * Signed checkpoints of the audit log, out of the database's reach: within a second of any append, at
 * start for what a crash left between append and checkpoint, and at the end.
 */
import { rootOf } from '../domain/audit/merkle.ts'
import type { Clock } from '../kernel/clock.ts'
import { HubError } from '../kernel/errors.ts'
import type { Log } from '../kernel/log.ts'
import type { AuditAnchor } from '../storage/audit-anchor.ts'
import { signCheckpoint, type CheckpointKey } from '../wire/audit/checkpoint.ts'
import type { Tree } from '../domain/audit/merkle.ts'

export interface AnchorAudit {
  /** Says that the log has grown; a checkpoint follows within a second. */
  grown(): void
  /** Throws `unavailable` where checkpoints have failed for so long that the log is not protected. */
  requireProtection(): void
  /** Writes the checkpoint that is due now. */
  close(): Promise<void>
}

interface AnchorDeps {
  readonly anchor: AuditAnchor
  readonly key: CheckpointKey
  readonly clock: Clock
  readonly log: Log
  /** `withAnchorLock` of storage, bound to the pool. */
  readonly withLock: (work: (head: Tree) => Promise<void>) => Promise<void>
}

const INTERVAL_MS = 800
/** How long the log may grow without a checkpoint before nothing more is done that must be logged. */
const PATIENCE_MS = 30_000

/**
 * Throws `conflict` where the log is not the one that was anchored: shorter than its last checkpoint, or
 * of the same size with another root.
 */
export async function startAnchorAudit(deps: AnchorDeps): Promise<AnchorAudit> {
  const { clock, log } = deps
  let timer: NodeJS.Timeout | undefined
  let writing: Promise<void> = Promise.resolve()
  let failingSince: number | undefined

  await anchorHead(deps)

  async function write(): Promise<void> {
    timer = undefined
    try {
      await anchorHead(deps)
      failingSince = undefined
    } catch (error) {
      failingSince ??= clock().getTime()
      log.error({ err: error }, 'The audit log could not be anchored; trying again')
      schedule()
    }
  }

  function schedule(): void {
    timer ??= setTimeout(() => {
      writing = write()
    }, INTERVAL_MS).unref()
  }

  return {
    grown: schedule,
    requireProtection() {
      if (failingSince !== undefined && clock().getTime() - failingSince > PATIENCE_MS) {
        throw new HubError('unavailable', 'The audit log cannot be protected; see the anchor file')
      }
    },
    async close() {
      await writing
      clearTimeout(timer)
      await anchorHead(deps)
    },
  }
}

function anchorHead({ anchor, key, clock, withLock }: AnchorDeps): Promise<void> {
  return withLock(async (head) => {
    const root = rootOf(head).toString('hex')
    const last = await anchor.last()
    if (last !== undefined) requireSameLog(last.checkpoint, { size: head.size, root })
    if (head.size === (last?.checkpoint.size ?? 0)) return
    const at = clock().toISOString()
    const previous = last?.digest ?? null
    await anchor.append(signCheckpoint({ size: head.size, root, at, previous }, key))
  })
}

interface Extent {
  readonly size: number
  readonly root: string
}

function requireSameLog(anchored: Extent, found: Extent): void {
  if (found.size > anchored.size) return
  if (found.size === anchored.size && found.root === anchored.root) return
  throw new HubError(
    'conflict',
    'The audit log is not the one its anchor file speaks of: run "samsyn audit verify"',
  )
}
