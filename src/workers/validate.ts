/**
 * The thread that validates large bodies. It makes its validator when it starts, reads definitions when a
 * resource needs them, and is ended by the pool where one takes too long.
 */
import { workerData } from 'piscina'
import { makeDefinitions } from '../wire/fhir/definitions.ts'
import { isJsonObject } from '../wire/fhir/json.ts'
import { parseJsonText } from '../wire/fhir/parse-json.ts'
import type { Issue } from '../wire/fhir/validation/issues.ts'
import { makeValidator, type Validator } from '../wire/fhir/validation/validator.ts'
import { textsOf, type SpecificationFiles } from './specification-files.ts'

/** What every thread of the pool is given once. */
export interface ValidationData {
  readonly files: SpecificationFiles
  /** The project's profiles and code systems. */
  readonly own: readonly unknown[]
}

export interface ValidationTask {
  /** The resource as text: numbers keep their digits on the way. */
  readonly json: string
  /** Canonical URLs of profiles it is held to besides. */
  readonly profiles: readonly string[]
}

const validator = makeOwnValidator(workerData)

function makeOwnValidator(data: unknown): Validator {
  if (!isValidationData(data)) throw new Error('The pool gave the thread no definitions')
  return makeValidator(makeDefinitions(textsOf(data.files)), data.own)
}

function isValidationData(data: unknown): data is ValidationData {
  return typeof data === 'object' && data !== null && 'files' in data && 'own' in data
}

export function validate({ json, profiles }: ValidationTask): readonly Issue[] {
  const resource = parseJsonText(json)
  return isJsonObject(resource) ? validator.report(resource, profiles) : []
}
