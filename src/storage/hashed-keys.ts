/**
 * Keys as the database keeps them (`search_key`, migration 0007), made here: where rows come many at a time, eight
 * bytes travel in the place of each text, and the database parses nothing.
 */

const BIGINT = 20
const HEAD_BYTES = 20
const ELEMENT_BYTES = 12

/** A `bigint[]` in PostgreSQL's binary form, which pg sends as it is. */
export function hashedKeys(keys: readonly string[]): Buffer {
  const array = Buffer.allocUnsafe(HEAD_BYTES + keys.length * ELEMENT_BYTES)
  // One dimension, no nulls, the type of the elements; then how many there are, and the index of the first.
  for (const [index, word] of [1, 0, BIGINT, keys.length, 1].entries())
    array.writeInt32BE(word, 4 * index)
  // Apart, so that halves of a pair at the end of one and the start of the next make no letter.
  const texts = Buffer.from(keys.join(' '))
  let from = 0
  for (const [index, key] of keys.entries()) {
    const at = HEAD_BYTES + index * ELEMENT_BYTES
    const until = from + Buffer.byteLength(key)
    array.writeInt32BE(8, at)
    writeHash(texts.subarray(from, until), array, at + 4)
    from = until + 1
  }
  return array
}

const START = 0x9e3779b9 + 3923095

/**
 * `hashtextextended(text, 0)` of a text's bytes, most significant byte first: lookup3 (Bob Jenkins, public domain) as
 * PostgreSQL has it on little-endian machines, which are all that it is installed on here.
 */
function writeHash(bytes: Buffer, target: Buffer, offset: number): void {
  let a = (START + bytes.length) | 0
  let [b, c] = [a, a]
  let at = 0
  for (; bytes.length - at >= 12; at += 12) {
    a = (a + bytes.readInt32LE(at)) | 0
    b = (b + bytes.readInt32LE(at + 4)) | 0
    c = (c + bytes.readInt32LE(at + 8)) | 0
    a = ((a - c) | 0) ^ turned(c, 4)
    c = (c + b) | 0
    b = ((b - a) | 0) ^ turned(a, 6)
    a = (a + c) | 0
    c = ((c - b) | 0) ^ turned(b, 8)
    b = (b + a) | 0
    a = ((a - c) | 0) ^ turned(c, 16)
    c = (c + b) | 0
    b = ((b - a) | 0) ^ turned(a, 19)
    a = (a + c) | 0
    c = ((c - b) | 0) ^ turned(b, 4)
    b = (b + a) | 0
  }
  a = (a + word(bytes, at)) | 0
  b = (b + word(bytes, at + 4)) | 0
  // The lowest byte of the last word is left to the length.
  c = (c + (word(bytes, at + 8) << 8)) | 0
  c = ((c ^ b) - turned(b, 14)) | 0
  a = ((a ^ c) - turned(c, 11)) | 0
  b = ((b ^ a) - turned(a, 25)) | 0
  c = ((c ^ b) - turned(b, 16)) | 0
  a = ((a ^ c) - turned(c, 4)) | 0
  b = ((b ^ a) - turned(a, 14)) | 0
  c = ((c ^ b) - turned(b, 24)) | 0
  target.writeInt32BE(b, offset)
  target.writeInt32BE(c, offset + 4)
}

const turned = (word: number, bits: number): number => (word << bits) | (word >>> (32 - bits))

/** Four bytes, with nothing where the text has ended. */
function word(bytes: Buffer, at: number): number {
  const byte = (index: number): number => bytes[at + index] ?? 0
  return byte(0) | (byte(1) << 8) | (byte(2) << 16) | (byte(3) << 24)
}
