/** FHIR's own examples and definitions: what the specification publishes is valid, but for a few that break its rules. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { test } from 'node:test'
import { specificationTexts } from '../../../../src/definition-files.ts'
import { makeDefinitions } from '../../../../src/wire/fhir/definitions.ts'
import { parseResourceJson } from '../../../../src/wire/fhir/parse-json.ts'
import { makeValidator } from '../../../../src/wire/fhir/validation/validator.ts'
import { sampleFiles } from '../../../support/samples.ts'

/** The examples of R4 that are not valid R4: the places found, and what is wrong there. */
const REFUSED: Readonly<
  Record<string, { readonly places: readonly string[]; readonly why: string }>
> = {
  'Bundle-3a0707d3-549e-4467-b8b8-5a2ab3800efe.json': {
    places: ['Bundle.entry[0].resource.response.details', 'Bundle.entry[3]'],
    why: 'the full URL …/Patient/pat12 is given to Patient/pat2, and the response details are named by an id that no full URL has',
  },
  'Bundle-hla-1.json': {
    places: ['Bundle.entry[0].resource.extension[1].extension[1]'],
    why: 'the extension hla-genotyping-results-glstring has a part url, not uri',
  },
  'CapabilityStatement-knowledge-repository.json': {
    places: [
      'CapabilityStatement.rest[0].resource[0].searchParam[5]',
      'CapabilityStatement.rest[0].resource[1].searchParam[5]',
      'CapabilityStatement.rest[0].resource[2].searchParam[5]',
      'CapabilityStatement.rest[0].resource[3].searchParam[5]',
      'CapabilityStatement.rest[0].resource[4].searchParam[7]',
    ],
    why: 'R4 defines the parameter version as a token, not a string',
  },
  'Observation-clinical-gender.json': {
    places: ['Observation.performer[0]'],
    why: 'an Encounter performs no observation',
  },
}

const validator = makeValidator(makeDefinitions(specificationTexts()), [])

function errorsOf(bytes: Buffer): readonly string[] {
  return validator
    .report(parseResourceJson(bytes))
    .filter(({ severity }) => severity === 'error')
    .map(({ location }) => location)
    .sort()
}

test('accepts every R4 example, or refuses it where it is wrong', async (t) => {
  const files = await sampleFiles(t, 'fhir/hl7-r4-examples')
  for (const file of files) {
    const known = REFUSED[path.basename(file)]
    const places = errorsOf(readFileSync(file))
    assert.deepEqual(places, known?.places ?? [], file)
  }
})

const GUIDES = ['hl7no-basis', 'ihe-balp', 'ihe-imr', 'ihe-mado', 'ihe-mhd', 'synthea']

test('accepts the examples of Norwegian and IHE guides as R4', async (t) => {
  for (const guide of GUIDES) {
    for (const file of await sampleFiles(t, `fhir/${guide}`)) {
      if (file.endsWith('.json')) assert.deepEqual(errorsOf(readFileSync(file)), [], file)
    }
  }
})
