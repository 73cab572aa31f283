import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { test } from 'node:test'
import { isHubError } from '../../../src/kernel/errors.ts'
import { parseSearch } from '../../../src/wire/fhir/parse-search.ts'
import type { QueryPair } from '../../../src/wire/fhir/search.ts'
import { matching } from '../../support/search-matcher.ts'

interface Suite {
  readonly name: string
  readonly resources: { readonly entry: readonly { readonly resource: Record<string, unknown> }[] }
  readonly tests: readonly {
    readonly request: string
    readonly expected?: readonly string[]
    readonly expected_r4_spec?: readonly string[]
    readonly expected_status?: number
  }[]
}

const data = process.env.SAMSYN_TEST_DATA
const folder = data === undefined ? undefined : path.join(data, 'fhir/search')

test('every request of the published search suites finds what R4 says', (t) => {
  if (folder === undefined) {
    t.skip('SAMSYN_TEST_DATA is not set')
    return
  }
  const wrong: unknown[] = []
  for (const file of readdirSync(folder)) {
    const suite: Suite = JSON.parse(readFileSync(path.join(folder, file), 'utf8'))
    const resources = suite.resources.entry.map(({ resource }) => resource)
    for (const {
      request,
      expected,
      expected_r4_spec: r4,
      expected_status: status,
    } of suite.tests) {
      const found = answer(resources, request)
      const wanted = status === 400 ? 'invalid' : (r4 ?? expected ?? []).toSorted()
      if (JSON.stringify(found) !== JSON.stringify(wanted)) wrong.push({ request, found, wanted })
    }
  }
  assert.deepEqual(wrong, [])
})

function answer(resources: readonly Record<string, unknown>[], request: string): unknown {
  const [type = '', query = ''] = request.split('?')
  const pairs: readonly QueryPair[] = query.split('&').map((pair) => {
    const [name = '', ...value] = pair.split('=')
    return [decodeURIComponent(name), decodeURIComponent(value.join('='))]
  })
  try {
    const search = parseSearch({ type, pairs, strict: true, base: 'http://hub/fhir' })
    return matching(resources, search).toSorted()
  } catch (error) {
    if (isHubError(error)) return error.code
    throw error
  }
}
