/** The text of an XML document, by its byte order mark or its first bytes (XML 1.0, appendix F). */
import { HubError } from '../../kernel/errors.ts'

const DECLARED = /^<\?xml[^>]{0,100}?\sencoding\s{0,8}=\s{0,8}["']([\w.-]{1,40})["']/

/** UTF-8 and UTF-16. Throws `unsupported-media-type` for other encodings, `invalid` for bytes that are not what they say. */
export function decodeXml(bytes: Uint8Array): string {
  const encoding = encodingOf(bytes)
  const text = decode(bytes, encoding)
  const declared = DECLARED.exec(text)?.[1]?.toLowerCase()
  if (declared === undefined || isDecodedBy(declared, encoding)) return text
  throw new HubError('unsupported-media-type', 'Send the XML as UTF-8, and declare it so')
}

type Encoding = 'utf-8' | 'utf-16le' | 'utf-16be'

/** Without a mark, the zero byte of the first `<` tells. */
function encodingOf([first, second]: Uint8Array): Encoding {
  if ((first === 0xff && second === 0xfe) || (first === 0x3c && second === 0)) return 'utf-16le'
  if ((first === 0xfe && second === 0xff) || (first === 0 && second === 0x3c)) return 'utf-16be'
  return 'utf-8'
}

/** ASCII is UTF-8. */
function isDecodedBy(declared: string, encoding: Encoding): boolean {
  if (encoding === 'utf-8') return declared === 'utf-8' || declared === 'us-ascii'
  return declared === 'utf-16' || declared === encoding
}

function decode(bytes: Uint8Array, encoding: Encoding): string {
  try {
    return new TextDecoder(encoding, { fatal: true }).decode(bytes)
  } catch (cause) {
    throw new HubError('invalid', 'The bytes of the XML are not in its encoding', { cause })
  }
}
