/** Text of a data set to Unicode by Specific Character Set (0008,0005): PS3.3 section C.12.1.1.2, PS3.5 section 6.1. */

export interface TextCodec {
  decode(bytes: DataView): string
}

/** Encoding labels of the WHATWG Encoding Standard; `ISO 2022` terms name the same sets. */
const LABELS: Readonly<Record<string, string>> = {
  '6': 'latin1',
  '13': 'shift_jis',
  '58': 'gbk',
  '87': 'iso-2022-jp',
  '100': 'latin1',
  '101': 'iso-8859-2',
  '109': 'iso-8859-3',
  '110': 'iso-8859-4',
  '126': 'iso-8859-7',
  '127': 'iso-8859-6',
  '138': 'iso-8859-8',
  '144': 'iso-8859-5',
  '148': 'windows-1254',
  '149': 'euc-kr',
  '159': 'iso-2022-jp',
  '166': 'windows-874',
  '192': 'utf-8',
  '203': 'iso-8859-15',
}

/** PS3.3 tables C.12-3 and C.12-4: what an escape sequence switches to. */
const ESCAPES: readonly (readonly [sequence: string, label: string])[] = [
  ['(B', 'latin1'],
  ['-A', 'latin1'],
  ['-B', 'iso-8859-2'],
  ['-C', 'iso-8859-3'],
  ['-D', 'iso-8859-4'],
  ['-F', 'iso-8859-7'],
  ['-G', 'iso-8859-6'],
  ['-H', 'iso-8859-8'],
  ['-L', 'iso-8859-5'],
  ['-M', 'windows-1254'],
  ['-T', 'windows-874'],
  ['-b', 'iso-8859-15'],
  [')I', 'shift_jis'],
  ['(J', 'shift_jis'],
  ['$)C', 'euc-kr'],
  ['$)A', 'gbk'],
  ['$B', 'iso-2022-jp'],
  ['$(D', 'euc-jp'],
]
const ESCAPE = 0x1b

/** `terms` are the values of (0008,0005), perhaps empty; an unknown term is read as Latin-1. */
export function textCodec(terms: readonly string[]): TextCodec {
  const label = labelOf(terms[0] ?? '')
  const plain = new TextDecoder(label)
  if (terms.length < 2 && !(terms[0] ?? '').includes('2022')) return plain
  return {
    decode(view) {
      const bytes = Buffer.from(view.buffer, view.byteOffset, view.byteLength)
      return bytes.includes(ESCAPE) ? decodeExtended(bytes, label) : plain.decode(bytes)
    },
  }
}

function labelOf(term: string): string {
  const number = /^ISO[_ ](?:IR|2022[_ ]IR)[_ ](\d+)$/i.exec(term.trim())?.[1]
  if (number !== undefined) return LABELS[number] ?? 'latin1'
  return /^(GB18030|GBK)$/i.test(term.trim()) ? 'gb18030' : 'latin1'
}

/** Text with code extensions (PS3.5 section 6.1.2.5): each stretch by the set its escape names. */
function decodeExtended(bytes: Buffer, initial: string): string {
  let text = ''
  let from = 0
  let label = initial
  for (;;) {
    const at = bytes.indexOf(ESCAPE, from)
    const stretch = bytes.subarray(from, at < 0 ? bytes.length : at)
    text += decodeStretch(stretch, label, initial)
    if (at < 0) return text
    const rest = bytes.toString('latin1', at + 1, at + 4)
    const [sequence, next] = ESCAPES.find(([start]) => rest.startsWith(start)) ?? ['', label]
    label = next
    from = at + 1 + sequence.length
  }
}

/** A delimiter or a line end brings the first set back (PS3.5 section 6.1.2.5.3); not inside two-byte sets. */
function decodeStretch(bytes: Buffer, label: string, initial: string): string {
  if (label === 'iso-2022-jp') return decodeJapanese(bytes)
  if (label === 'euc-jp') return decodeSupplementaryJapanese(bytes)
  const end = bytes.findIndex((byte) => byte === 0x5e || byte === 0x3d || byte === 0x5c)
  if (end < 0 || label === initial) return new TextDecoder(label).decode(bytes)
  return (
    new TextDecoder(label).decode(bytes.subarray(0, end)) +
    new TextDecoder(initial).decode(bytes.subarray(end))
  )
}

/** JIS X 0208: the decoder wants its escape back. */
function decodeJapanese(bytes: Buffer): string {
  return new TextDecoder('iso-2022-jp').decode(
    Buffer.concat([Buffer.from('\x1b$B', 'latin1'), bytes]),
  )
}

/** JIS X 0212, which only EUC-JP still carries, behind a single shift and with the high bits set. */
function decodeSupplementaryJapanese(bytes: Buffer): string {
  const shifted: number[] = []
  for (let at = 0; at + 1 < bytes.length; at += 2)
    shifted.push(0x8f, (bytes[at] ?? 0) | 0x80, (bytes[at + 1] ?? 0) | 0x80)
  return new TextDecoder('euc-jp').decode(Buffer.from(shifted))
}
