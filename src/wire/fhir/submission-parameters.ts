/** What became of a submitted message, for whoever sent it. */
import type { JsonObject } from './json.ts'

export interface Submission {
  /** Id of the DiagnosticReport. */
  readonly id: string
  readonly reception: 'filed' | 'repeated' | 'overtaken'
  readonly isDoubted: boolean
}

const TEXTS = {
  filed: 'Filed as the current version',
  repeated: 'Says nothing that is not known already',
  overtaken: 'Kept out: a later version is known',
}

/** Parameters with one `report` for each report of the message, in its order. */
export function submissionParameters(submissions: readonly Submission[]): JsonObject {
  return {
    resourceType: 'Parameters',
    parameter: submissions.map(({ id, reception, isDoubted }) => ({
      name: 'report',
      part: [
        { name: 'reference', valueReference: { reference: `DiagnosticReport/${id}` } },
        { name: 'outcome', valueCode: reception },
        { name: 'identityUnclear', valueBoolean: isDoubted },
        { name: 'text', valueString: TEXTS[reception] },
      ],
    })),
  }
}
