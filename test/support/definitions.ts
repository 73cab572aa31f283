/** FHIR's definitions for tests of pure code, once for each test file that asks. */
import { specificationTexts } from '../../src/definition-files.ts'
import { makeDefinitions } from '../../src/wire/fhir/definitions.ts'
import { makeStructures } from '../../src/wire/fhir/structures.ts'

export const structures = makeStructures(makeDefinitions(specificationTexts()))
