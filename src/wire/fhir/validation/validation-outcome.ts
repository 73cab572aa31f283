/** A validator's findings as FHIR tells them (R4 OperationOutcome). */
import type { JsonObject } from '../json.ts'
import type { Issue } from './issues.ts'

/** Where nothing was found, one issue says so: an outcome has at least one. */
export function validationOutcome(issues: readonly Issue[]): JsonObject {
  const found = issues.map(({ severity, code, location, text }) => ({
    severity,
    code,
    details: { text },
    expression: [location],
  }))
  const none = {
    severity: 'information',
    code: 'informational',
    details: { text: 'Nothing was found that is wrong with it' },
  }
  return { resourceType: 'OperationOutcome', issue: found.length > 0 ? found : [none] }
}
