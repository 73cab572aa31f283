/** One message: who sends it, what it is, what becomes of it, and the acknowledgement that says so. */
import { randomUUID } from 'node:crypto'
import type { Clock } from '../../kernel/clock.ts'
import { isHubError, type HubError } from '../../kernel/errors.ts'
import { lookup } from '../../kernel/lookup.ts'
import type { Log } from '../../kernel/log.ts'
import type { AdmitSender, SenderMarks } from '../../services/admit-sender.ts'
import type { ReceiveMessage } from '../../services/receive-message.ts'
import type { RequestContext } from '../../services/record-audit.ts'
import { acknowledgements, type Outcome } from '../../wire/hl7v2/acknowledge.ts'
import { ERROR_CODES, Hl7Fault, type Hl7Problem } from '../../wire/hl7v2/fault.ts'
import { readHeader, rejection, type MessageHeader } from '../../wire/hl7v2/header.ts'
import { readHead, readMessage, type Hl7Segment } from '../../wire/hl7v2/message.ts'

export interface AnswerDeps {
  readonly admitSender: AdmitSender
  /** By message type and event, as `ORU^R01`. */
  readonly receivers: Readonly<Record<string, ReceiveMessage>>
  /** Whether messages for training and debugging (MSH-11 T, D) are taken: not where patients are real. */
  readonly takesTests: boolean
  readonly clock: Clock
  readonly log: Log
}

/** Where a message comes from, as far as the connection tells. */
export type Peer = Pick<SenderMarks, 'fingerprint' | 'address'>

export interface Answer {
  readonly acknowledgements: readonly Uint8Array[]
  /** Whoever is not known is not listened to further. */
  readonly isStranger: boolean
}

/** Resolves when what was acknowledged is committed; never rejects. */
export async function answerMessage(
  deps: AnswerDeps,
  bytes: Uint8Array,
  peer: Peer,
): Promise<Answer> {
  const context = { requestId: randomUUID(), channel: 'hl7v2', address: peer.address }
  let header: Hl7Segment | undefined
  try {
    header = readHead(bytes)
    await receive(deps, { bytes, header, peer }, context)
    return answer(deps, header, { kind: 'accepted' })
  } catch (error) {
    const { kind, problems } = outcomeOf(error)
    const level = isExpected(error) ? 'warn' : 'error'
    const fields = isExpected(error) ? { problems } : { err: error }
    deps.log[level]({ requestId: context.requestId, ...fields }, 'An HL7 v2 message was not taken')
    return {
      ...answer(deps, header, { kind, problems }),
      isStranger: isHubError(error, 'unauthenticated'),
    }
  }
}

function answer({ clock }: AnswerDeps, header: Hl7Segment | undefined, outcome: Outcome): Answer {
  const controlId = randomUUID().replaceAll('-', '').slice(0, 20)
  const sent = acknowledgements({ header, outcome, controlId, at: clock() })
  return { acknowledgements: sent, isStranger: false }
}

/** The same for what is no message at all. */
export function rejectFrame(deps: AnswerDeps, bytes: Uint8Array, fault: Hl7Fault): Answer {
  const outcome = { kind: 'rejected', problems: [fault.problem] } as const
  return answer(deps, headOf(bytes), outcome)
}

function headOf(bytes: Uint8Array): Hl7Segment | undefined {
  try {
    return readHead(bytes)
  } catch {
    return undefined
  }
}

interface Received {
  readonly bytes: Uint8Array
  readonly header: Hl7Segment
  readonly peer: Peer
}

/** The sender first: nothing else of a stranger's message is read. */
async function receive(
  deps: AnswerDeps,
  { bytes, header, peer }: Received,
  context: RequestContext,
): Promise<void> {
  const told = readHeader(header)
  const { application, facility } = told
  const sender = await deps.admitSender({ ...peer, application, facility }, context)
  const receiver = receiverOf(deps, told)
  await receiver(readMessage(bytes, sender), sender, context)
}

function receiverOf(
  { receivers, takesTests }: AnswerDeps,
  { type, event, processing }: MessageHeader,
): ReceiveMessage {
  if (processing !== 'P' && !takesTests)
    throw rejection(ERROR_CODES.unsupportedProcessing, 'MSH-11', 'Tests are not taken here')
  const receiver = lookup(receivers, `${type}^${event}`)
  if (receiver !== undefined) return receiver
  const isType = Object.keys(receivers).some((name) => name.startsWith(`${type}^`))
  throw isType
    ? rejection(ERROR_CODES.unsupportedEvent, 'MSH-9.2', 'This event is not taken here')
    : rejection(ERROR_CODES.unsupportedMessageType, 'MSH-9.1', 'This type is not taken here')
}

type Refusal = Exclude<Outcome, { kind: 'accepted' }>

function outcomeOf(error: unknown): Refusal {
  if (error instanceof Hl7Fault)
    return { kind: error.rejected ? 'rejected' : 'error', problems: [error.problem] }
  if (!isHubError(error)) return rejected('The hub could not take the message; send it again')
  if (!CONTENT.has(error.code)) return rejected(error.message)
  return { kind: 'error', problems: problemsOf(error) }
}

/** What is the message's own fault; for the rest it may be sent again. */
const CONTENT: ReadonlySet<HubError['code']> = new Set(['invalid', 'unprocessable', 'too-large'])

function problemsOf({ message, problems }: HubError): readonly Hl7Problem[] {
  const code = ERROR_CODES.dataType
  if (problems.length === 0) return [{ code, text: message }]
  return problems.map(({ location, text }) => ({ code, text: `${location}: ${text}` }))
}

function rejected(text: string): Refusal {
  return { kind: 'rejected', problems: [{ code: ERROR_CODES.internal, text }] }
}

function isExpected(error: unknown): boolean {
  return error instanceof Hl7Fault || isHubError(error)
}
