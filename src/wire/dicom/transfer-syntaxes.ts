/** Transfer syntaxes (PS3.5 annex A, PS3.6 annex A) by what a reader must know of them. */

const IMPLICIT_LITTLE_ENDIAN = '1.2.840.10008.1.2'
export const EXPLICIT_LITTLE_ENDIAN = '1.2.840.10008.1.2.1'
export const DEFLATED_LITTLE_ENDIAN = '1.2.840.10008.1.2.1.99'
const EXPLICIT_BIG_ENDIAN = '1.2.840.10008.1.2.2'

/** How a data set's elements are laid out. */
export interface Encoding {
  readonly explicit: boolean
  readonly littleEndian: boolean
}

/** PS3.5 section A.4: whatever is not one of the named native ones is explicit VR little endian. */
export function encodingOf(transferSyntaxUid: string): Encoding {
  return {
    explicit: transferSyntaxUid !== IMPLICIT_LITTLE_ENDIAN,
    littleEndian: transferSyntaxUid !== EXPLICIT_BIG_ENDIAN,
  }
}
