/** Whether a resource is what FHIR and this project's profiles say it must be. */
import type { Problem } from '../../kernel/errors.ts'
import { makeDefinitions, type DefinitionTexts } from './definitions.ts'
import type { JsonObject } from './json.ts'
import { makeValidator } from './validation/validator.ts'

/** The problems of the resource, the first hundred, located by FHIRPath; none when it is good. */
export type Validate = (resource: JsonObject) => readonly Problem[]

/** Loads definitions when the first resource of a type is written: a hub that only reads pays nothing. */
export function makeValidate(texts: DefinitionTexts, own: readonly unknown[]): Validate {
  const { report } = makeValidator(makeDefinitions(texts), own)
  return (resource) =>
    report(resource)
      .filter(({ severity }) => severity === 'error')
      .map(({ location, text }) => ({ location, text }))
}
