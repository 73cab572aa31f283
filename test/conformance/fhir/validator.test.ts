/**
 * The R4 cases of the HL7 validator's own test suite, with what that validator (and its terminology server)
 * found. A case is right where both agree whether the resource is valid and, where it is not, on one place
 * at least. A text that cannot be read at all has no places.
 */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { test } from 'node:test'
import { specificationTexts } from '../../../src/definition-files.ts'
import { isHubError, type Problem } from '../../../src/kernel/errors.ts'
import { makeDefinitions } from '../../../src/wire/fhir/definitions.ts'
import { parseResourceJson } from '../../../src/wire/fhir/parse-json.ts'
import { makeStructures } from '../../../src/wire/fhir/structures.ts'
import { makeValidator } from '../../../src/wire/fhir/validation/validator.ts'
import type { Strictness } from '../../../src/wire/fhir/validation/values.ts'
import { makeXml } from '../../../src/wire/fhir/xml.ts'

interface Case {
  readonly name: string
  readonly file: string
  readonly outcome: string
  readonly errors: number
  readonly options: Readonly<Record<string, unknown>>
}

/** Right in the eyes of the suite and refused here, or the other way about, and why that stays. */
const DIFFERENT: Readonly<Record<string, string>> = {
  'bundle-id-5': 'its one error is the display of a CVX code, a code system the hub does not hold',
  'json-comments-1-yes': 'the hub reads JSON, which has no comments; no setting changes that',
  'contained-resource-bad-id-ignore':
    'the hub has no setting that leaves contained resources unchecked',
}
/** Where the suite's places count entries from one, or name the first entry whichever it is. */
const PLACES: Readonly<Record<string, readonly string[]>> = {
  'relative_reference_to_fullUrl.id_in_Composition': ['Bundle.entry[1]'],
  'relative_reference_to_TYPE_ID.all_fullUrl_UUID': ['Bundle.entry[0].resource.author[0]'],
}
const SHARE = 0.95

const root = process.env.SAMSYN_TEST_DATA
const definitions = makeDefinitions(specificationTexts())
const xml = makeXml(makeStructures(definitions))

test('agrees with the HL7 validator on its own cases', (t) => {
  if (root === undefined) {
    t.skip('SAMSYN_TEST_DATA is not set')
    return
  }
  const folder = path.join(root, 'fhir/validator')
  const cases: readonly Case[] = JSON.parse(readFileSync(path.join(folder, 'index.json'), 'utf8'))
  const rows = cases.map((one) => ({ one, ...judge(one, folder) }))
  for (const { one, found, expected, verdict } of rows) {
    const why = verdict === 'right' ? '' : `  ${DIFFERENT[one.name] ?? 'UNEXPLAINED'}`
    console.log(`${verdict.padEnd(6)} ${one.name.padEnd(56)} ${expected} ${found}${why}`)
  }
  const right = rows.filter(({ verdict }) => verdict === 'right').length
  console.log(`${right} of ${rows.length} right`)
  assert.ok(right / rows.length >= SHARE)
  const wrong = rows.filter(({ verdict }) => verdict !== 'right').map(({ one }) => one.name)
  assert.deepEqual(wrong.sort(), Object.keys(DIFFERENT).sort())
})

interface Verdict {
  readonly verdict: string
  readonly expected: string
  readonly found: string
}

function judge(one: Case, folder: string): Verdict {
  const problems = problemsOf(one, readFileSync(path.join(folder, one.file)))
  const given = one.errors === 0 ? [] : placesIn(path.join(folder, one.outcome))
  const expected = PLACES[one.name] ?? given
  const isRight = one.errors > 0 ? hasPlace(problems, expected) : isValid(problems)
  return {
    verdict: isRight ? 'right' : 'WRONG',
    expected: one.errors > 0 ? `invalid ${expected[0] ?? ''}` : 'valid',
    found: describe(problems),
  }
}

type Found = readonly Problem[] | 'unreadable'

function isValid(found: Found): boolean {
  return found.length === 0
}

function hasPlace(found: Found, expected: readonly string[]): boolean {
  if (found === 'unreadable') return true
  if (expected.length === 0) return found.length > 0
  return expected.some((place) => found.some(({ location }) => isSamePlace(location, place)))
}

function describe(found: Found): string {
  if (found === 'unreadable') return '= unreadable'
  return found[0] === undefined ? '= valid' : `= ${found[0].location}`
}

function problemsOf({ name, file, options }: Case, bytes: Buffer): Found {
  try {
    const resource = file.endsWith('.xml') ? xml.parse(bytes) : parseResourceJson(bytes)
    return makeValidator(definitions, [], strictness(name, options))
      .report(resource)
      .filter(({ severity }) => severity === 'error')
  } catch (error) {
    if (!isHubError(error)) throw error
    return error.problems.length > 0 && file.endsWith('.xml') ? error.problems : 'unreadable'
  }
}

/** As the suite has its own validator set up: strict where the hub, which keeps what it is sent, warns. */
function strictness(name: string, options: Case['options']): Strictness {
  return {
    unknownExtensions: 'refuse',
    unknownCodes: 'refuse',
    htmlInMarkdown: name === 'bad-markdown-no-html' ? 'refuse' : 'warn',
    openReferences: options.validateReference === undefined ? 'allow' : 'refuse',
  }
}

function placesIn(file: string): readonly string[] {
  const outcome: { issue: { severity: string; expression?: string[] }[] } = JSON.parse(
    readFileSync(file, 'utf8'),
  )
  return outcome.issue
    .filter(({ severity }) => severity === 'error' || severity === 'fatal')
    .flatMap(({ expression }) => expression?.[0] ?? [])
    .filter((place) => !place.startsWith('('))
    .map(plainPlace)
}

/** Their paths name resources in comments and extensions by URL, and some are XPath. */
function plainPlace(place: string): string {
  return place
    .replace(/^\/f:/, '')
    .replaceAll('/f:', '.')
    .replaceAll(/\/\*.*?\*\//g, '')
    .replaceAll(/\[url='[^']*'\]/g, '')
    .replace(/\.$/, '')
}

/** They place what is missing or unknown at its parent, and count nothing in XPath. */
function isSamePlace(ours: string, theirs: string): boolean {
  const parent = ours.slice(0, ours.lastIndexOf('.'))
  return [ours, parent, parent.replaceAll(/\[\d+\]/g, '')].includes(theirs)
}
