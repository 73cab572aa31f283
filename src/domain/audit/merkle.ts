/**
 * The audit log's tree: RFC 6962 section 2.1 hashing, kept as the roots of its complete subtrees
 * (largest first), which is all that appending needs: 64 hashes hold the tallest tree.
 */
import { createHash } from 'node:crypto'

export interface Tree {
  /** How many leaves. */
  readonly size: number
  /** Roots of the complete subtrees, one for each bit that is set in `size`, largest first. */
  readonly frontier: readonly Uint8Array[]
}

export const EMPTY_TREE: Tree = { size: 0, frontier: [] }

const LEAF = Buffer.from([0])
const NODE = Buffer.from([1])

/** `MTH({d(0)})` = SHA-256(0x00 || d(0)). */
export function leafHash(content: string): Buffer {
  return createHash('sha256').update(LEAF).update(content, 'utf8').digest()
}

function nodeHash(left: Uint8Array, right: Uint8Array): Buffer {
  return createHash('sha256').update(NODE).update(left).update(right).digest()
}

/** The tree with `leaves` (hashes of `leafHash`) after its own. */
export function appendLeaves(tree: Tree, leaves: readonly Uint8Array[]): Tree {
  const frontier = [...tree.frontier]
  let size = tree.size
  for (const leaf of leaves) {
    let root = leaf
    // Two subtrees of one height become one of the next, as a carry runs through a binary counter.
    for (let rest = size; rest % 2 === 1; rest = Math.floor(rest / 2)) {
      const left = frontier.pop()
      if (left === undefined) throw new Error('The frontier does not belong to the size')
      root = nodeHash(left, root)
    }
    frontier.push(root)
    size += 1
  }
  return { size, frontier }
}

/** `MTH` of the whole tree: SHA-256 of nothing for the empty one. */
export function rootOf(tree: Tree): Buffer {
  const [last, ...larger] = tree.frontier.toReversed()
  if (last === undefined) return createHash('sha256').digest()
  return Buffer.from(larger.reduce((right, left) => nodeHash(left, right), last))
}
