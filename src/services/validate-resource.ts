/** Judging a resource: small ones at once, in the thread of the request; large ones in a thread of their own. */
import type { Problem } from '../kernel/errors.ts'
import type { ValidationPool } from '../workers/validation-pool.ts'
import type { JsonObject } from '../wire/fhir/json.ts'
import { isLongerThan } from '../wire/fhir/resource-size.ts'
import type { Issue } from '../wire/fhir/validation/issues.ts'
import type { Validator } from '../wire/fhir/validation/validator.ts'

/**
 * Errors and warnings, up to a hundred of each; `profiles` by canonical URL besides those that hold anyway.
 * Throws `too-large`, `unavailable` as the pool does.
 */
export type ReportIssues = (
  resource: JsonObject,
  profiles?: readonly string[],
) => readonly Issue[] | Promise<readonly Issue[]>

/** About 5 ms of validating; longer would be felt by every other request. */
const LARGE = 64 * 1024

export interface ReportDeps {
  readonly validator: Validator
  readonly pool: ValidationPool
}

export function makeReportIssues({ validator, pool }: ReportDeps): ReportIssues {
  return (resource, profiles = []) =>
    isLongerThan(resource, LARGE)
      ? pool.report(resource, profiles)
      : validator.report(resource, profiles)
}

/** The errors alone, as writers ask for them. */
export function makeValidateResource(
  reportIssues: ReportIssues,
): (resource: JsonObject) => readonly Problem[] | Promise<readonly Problem[]> {
  return (resource) => {
    const issues = reportIssues(resource)
    return issues instanceof Promise ? issues.then(errorsOf) : errorsOf(issues)
  }
}

function errorsOf(issues: readonly Issue[]): readonly Problem[] {
  return issues
    .filter(({ severity }) => severity === 'error')
    .map(({ location, text }) => ({ location, text }))
}
