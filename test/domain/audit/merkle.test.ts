import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { EMPTY_TREE, appendLeaves, leafHash, rootOf } from '../../../src/domain/audit/merkle.ts'

const sha256 = (...parts: readonly (string | Uint8Array)[]): Buffer => {
  const hash = createHash('sha256')
  for (const part of parts) hash.update(part)
  return hash.digest()
}

/** RFC 6962 section 2.1 as it is written, by recursion over all leaves. */
function mth(entries: readonly string[]): Buffer {
  const [first] = entries
  if (first === undefined) return sha256('')
  if (entries.length === 1) return sha256(Buffer.from([0]), first)
  let k = 1
  while (k * 2 < entries.length) k *= 2
  return sha256(Buffer.from([1]), mth(entries.slice(0, k)), mth(entries.slice(k)))
}

const treeOf = (entries: readonly string[]) => appendLeaves(EMPTY_TREE, entries.map(leafHash))

describe('the Merkle tree of the audit log', () => {
  it('has the root of RFC 6962 for any list of entries', () => {
    fc.assert(
      fc.property(fc.array(fc.string(), { maxLength: 70 }), (entries) => {
        assert.deepEqual(rootOf(treeOf(entries)), mth(entries))
      }),
    )
  })

  it('comes to the same tree however the entries are grouped into appends', () => {
    const groups = fc.array(fc.array(fc.string(), { maxLength: 9 }), { maxLength: 9 })
    fc.assert(
      fc.property(groups, (groups) => {
        const stepwise = groups.reduce(
          (tree, group) => appendLeaves(tree, group.map(leafHash)),
          EMPTY_TREE,
        )
        assert.deepEqual(stepwise, treeOf(groups.flat()))
      }),
    )
  })

  it('keeps one subtree root for each bit of its size', () => {
    fc.assert(
      fc.property(fc.nat({ max: 300 }), (size) => {
        const bits = size.toString(2).replaceAll('0', '').length
        assert.equal(treeOf(Array.from({ length: size }, String)).frontier.length, bits)
      }),
    )
  })

  it('has another root when any two entries are exchanged', () => {
    const distinct = fc.uniqueArray(fc.string(), { minLength: 2, maxLength: 40 })
    fc.assert(
      fc.property(distinct, fc.nat(), fc.nat(), (entries, a, b) => {
        const [i, j] = [a % entries.length, b % entries.length]
        fc.pre(i !== j)
        const swapped = entries.with(i, entries[j] ?? '').with(j, entries[i] ?? '')
        assert.notDeepEqual(rootOf(treeOf(swapped)), rootOf(treeOf(entries)))
      }),
    )
  })

  it('never takes an inner node for an entry', () => {
    const [left, right] = [leafHash('a'), leafHash('b')]
    const inner = rootOf(treeOf(['a', 'b']))
    assert.notDeepEqual(inner, leafHash(Buffer.concat([left, right]).toString('latin1')))
  })

  it('refuses a frontier that does not belong to the size', () => {
    assert.throws(() => appendLeaves({ size: 3, frontier: [leafHash('a')] }, [leafHash('b')]))
  })

  it('grows past sizes that 32-bit arithmetic would break', () => {
    const size = 2 ** 40
    const tree = appendLeaves({ size, frontier: [leafHash('a')] }, [leafHash('b')])
    assert.equal(tree.size, size + 1)
    assert.equal(tree.frontier.length, 2)
  })
})
