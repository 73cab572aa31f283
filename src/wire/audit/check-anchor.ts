/** What an anchor file says, and what is wrong with the file itself. */
import type { KeyObject } from 'node:crypto'
import { isSigned, lineDigest, parseCheckpoint, type Checkpoint } from './checkpoint.ts'

export interface AnchorFinding {
  readonly kind: 'bad-signature' | 'anchor-gap' | 'anchor-backwards'
  /** Size that the checkpoint speaks of. */
  readonly size: number
  readonly text: string
}

export interface CheckedAnchor {
  /** Those that are rightly signed, in the order of the file. */
  readonly checkpoints: readonly Checkpoint[]
  /** Lines that are no checkpoint: torn by a crash at most, for a lost one leaves a gap. */
  readonly unreadable: number
  readonly findings: readonly AnchorFinding[]
}

export async function checkAnchor(
  lines: AsyncIterable<string>,
  keys: ReadonlyMap<string, KeyObject>,
): Promise<CheckedAnchor> {
  const checkpoints: Checkpoint[] = []
  const findings: AnchorFinding[] = []
  let unreadable = 0
  let previous: { readonly digest: string; readonly size: number } | undefined
  for await (const line of lines) {
    const checkpoint = parseCheckpoint(line)
    if (checkpoint === undefined) {
      unreadable += 1
      continue
    }
    findings.push(...findingsOf(checkpoint, { keys, previous }))
    if (isSigned(checkpoint, keys)) checkpoints.push(checkpoint)
    previous = { digest: lineDigest(line), size: checkpoint.size }
  }
  return { checkpoints, unreadable, findings }
}

interface Place {
  readonly keys: ReadonlyMap<string, KeyObject>
  readonly previous: { readonly digest: string; readonly size: number } | undefined
}

function findingsOf(checkpoint: Checkpoint, { keys, previous }: Place): readonly AnchorFinding[] {
  const { size, kid } = checkpoint
  const findings: AnchorFinding[] = []
  if (!isSigned(checkpoint, keys)) {
    const text = `The checkpoint of size ${size} is not signed by a key of the hub (it names ${kid})`
    findings.push({ kind: 'bad-signature', size, text })
  }
  if (checkpoint.previous !== (previous?.digest ?? null)) {
    const text = `A checkpoint before the one of size ${size} was taken out of the anchor file or changed`
    findings.push({ kind: 'anchor-gap', size, text })
  }
  if (previous !== undefined && size < previous.size) {
    const text = `The anchor file goes back from size ${previous.size} to ${size}`
    findings.push({ kind: 'anchor-backwards', size, text })
  }
  return findings
}
