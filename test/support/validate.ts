/** The validator as services are given it, without a pool: every fault of a resource, in this thread. */
import { makeDefinitions, type DefinitionTexts } from '../../src/wire/fhir/definitions.ts'
import { makeValidator } from '../../src/wire/fhir/validation/validator.ts'
import type { Problem } from '../../src/kernel/errors.ts'
import type { JsonObject } from '../../src/wire/fhir/json.ts'

export function makeValidate(
  texts: DefinitionTexts,
  own: readonly unknown[],
): (resource: JsonObject) => readonly Problem[] {
  const { report } = makeValidator(makeDefinitions(texts), own)
  return (resource) =>
    report(resource)
      .filter(({ severity }) => severity === 'error')
      .map(({ location, text }) => ({ location, text }))
}
