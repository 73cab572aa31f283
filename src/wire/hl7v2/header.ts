/** What MSH says of a message, checked: who sends what. */
import { ERROR_CODES, Hl7Fault } from './fault.ts'
import { valueAt, type Hl7Segment } from './message.ts'

export interface MessageHeader {
  /** MSH-3 and MSH-4, first components (namespace ids). */
  readonly application: string | undefined
  readonly facility: string | undefined
  /** As `ORU`, and `R01`. */
  readonly type: string
  readonly event: string
  readonly controlId: string
  /** As `2.5`. */
  readonly version: string
  /** MSH-11.1: P, T or D. */
  readonly processing: string
}

/** Throws `Hl7Fault`: what names the message must be there. */
export function readHeader(header: Hl7Segment): MessageHeader {
  const version = valueAt(header, '12.1') ?? missing('MSH-12')
  if (!/^2\.[3-8](?:\.\d+)*$/.test(version)) {
    const text = 'Versions 2.3 to 2.8 are read here'
    throw rejection(ERROR_CODES.unsupportedVersion, 'MSH-12', text)
  }
  return {
    application: valueAt(header, '3.1'),
    facility: valueAt(header, '4.1'),
    type: valueAt(header, '9.1') ?? missing('MSH-9.1'),
    event: valueAt(header, '9.2') ?? '',
    controlId: valueAt(header, '10') ?? missing('MSH-10'),
    version,
    processing: valueAt(header, '11.1') ?? missing('MSH-11'),
  }
}

function missing(place: string): never {
  throw new Hl7Fault({ code: ERROR_CODES.requiredFieldMissing, text: 'Must have a value', place })
}

export function rejection(
  code: Hl7Fault['problem']['code'],
  place: string,
  text: string,
): Hl7Fault {
  return new Hl7Fault({ code, text, place }, true)
}
