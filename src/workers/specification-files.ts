/** FHIR's definitions on disk, for whoever may read files: a thread gets paths, not the texts of 60 MB. */
import { readFileSync } from 'node:fs'
import type { DefinitionTexts } from '../wire/fhir/definitions.ts'

/** Paths of what `DefinitionTexts` has the texts of. */
export interface SpecificationFiles {
  readonly types: string
  readonly resources: string
  readonly terminology: readonly string[]
  readonly extensions: string
}

/** Reads each file when its text is asked for. */
export function textsOf(files: SpecificationFiles): DefinitionTexts {
  return {
    types: () => read(files.types),
    resources: () => read(files.resources),
    terminology: () => files.terminology.map(read),
    extensions: () => read(files.extensions),
  }
}

function read(file: string): string {
  return readFileSync(file, 'utf8')
}
