/** Who contributed what: the record the hub itself writes beside each contribution (access.md section 6). */
import type { JsonObject } from './json.ts'
import { CLIENT_SYSTEM } from './systems.ts'

export interface Contribution {
  /** `Type/id` of what was contributed. */
  readonly target: string
  readonly recorded: Date
  /** Organization id of the member that answers for it. */
  readonly member: string
  /** Client that sent it; absent for what the hub fetched itself. */
  readonly client?: string | undefined
  /** v3-DataOperation */
  readonly activity: 'CREATE' | 'UPDATE'
}

const DATA_OPERATION = 'http://terminology.hl7.org/CodeSystem/v3-DataOperation'
const PARTICIPANT = 'http://terminology.hl7.org/CodeSystem/provenance-participant-type'

/** A Provenance without id and meta. */
export function provenanceOf(contribution: Contribution): JsonObject {
  const { target, recorded, member, client, activity } = contribution
  const organization = { reference: `Organization/${member}` }
  const transmitter =
    client === undefined
      ? []
      : [agent('transmitter', { identifier: { system: CLIENT_SYSTEM, value: client } })]
  return {
    resourceType: 'Provenance',
    target: [{ reference: target }],
    recorded: recorded.toISOString(),
    activity: { coding: [{ system: DATA_OPERATION, code: activity }] },
    agent: [agent('custodian', organization), ...transmitter],
  }
}

function agent(role: 'custodian' | 'transmitter', who: JsonObject): JsonObject {
  return { type: { coding: [{ system: PARTICIPANT, code: role }] }, who }
}
