/** What becomes of a message of each type: one service for each, and one form for all. */
import type { Hl7Message } from '../wire/hl7v2/message.ts'
import { readReports } from '../wire/hl7v2/read-report.ts'
import type { AdmittedSender } from './admit-sender.ts'
import type { ReceiveReports } from './receive-reports.ts'
import type { RequestContext } from './record-audit.ts'

/**
 * Resolves once what the message says is committed. Throws `Hl7Fault` with the place of what is wrong in it,
 * and HubError where the hub refuses it or cannot take it now.
 */
export type ReceiveMessage = (
  message: Hl7Message,
  sender: AdmittedSender,
  context: RequestContext,
) => Promise<void>

/** ORU^R01: unsolicited observation message. */
export function makeReceiveOru(deps: { readonly receiveReports: ReceiveReports }): ReceiveMessage {
  return async (message, sender, context) => {
    const { authorities, timeZone } = sender
    const access = sender.permit('publish')
    await deps.receiveReports(access, readReports(message, { authorities, timeZone }), context)
  }
}
