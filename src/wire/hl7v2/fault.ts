/** What is wrong with a message, as an ERR segment tells it (HL7 v2.5, section 2.15.5). */

/** Codes of HL7 table 0357 that this hub answers with. */
export const ERROR_CODES = {
  segmentSequence: '100',
  requiredFieldMissing: '101',
  dataType: '102',
  tableValueNotFound: '103',
  unsupportedMessageType: '200',
  unsupportedEvent: '201',
  unsupportedProcessing: '202',
  unsupportedVersion: '203',
  unknownKey: '204',
  internal: '207',
} as const
export type ErrorCode = (typeof ERROR_CODES)[keyof typeof ERROR_CODES]

export interface Hl7Problem {
  readonly code: ErrorCode
  /** Shown to the sender: no patient's data. */
  readonly text: string
  /** As `PID-3`, `OBX(2)-5.1` or `MSH`; absent where it is the message as a whole. */
  readonly place?: string | undefined
}

/**
 * Thrown by the readers of messages. `rejected` where it is not the content but the message itself that is
 * not for this hub (type, version, processing id): AR rather than AE (HL7 table 0008).
 */
export class Hl7Fault extends Error {
  override readonly name = 'Hl7Fault'
  readonly problem: Hl7Problem
  readonly rejected: boolean

  constructor(problem: Hl7Problem, rejected = false) {
    super(problem.place === undefined ? problem.text : `${problem.place}: ${problem.text}`)
    this.problem = problem
    this.rejected = rejected
  }
}
