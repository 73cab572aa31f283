import assert from 'node:assert/strict'
import { test } from 'node:test'
import { OPERATOR, PUBLISHER, startRegistry, type Caller } from '../../support/registry.ts'
import { readOwnDefinitions, specificationTexts } from '../../../src/definition-files.ts'
import { makeValidate } from '../../../src/wire/fhir/validate.ts'
import { loadDefinitions } from '../../../src/wire/fhir/definitions.ts'

interface Resource {
  readonly type: string
  readonly interaction: readonly { code: string }[]
  readonly searchParam: readonly { name: string; type: string; definition?: string }[]
  readonly searchInclude?: readonly string[]
  readonly searchRevInclude?: readonly string[]
}

const EVERYONE: Caller = {
  ...OPERATOR,
  actions: [...PUBLISHER.actions, 'operate', 'read-consent', 'read-audit'],
}

const VALUES: Readonly<Record<string, string>> = {
  token: 'x',
  reference: 'x',
  string: 'x',
  date: '2024',
}

test('every parameter, inclusion and interaction that is stated works, and no other does', async (t) => {
  const registry = await startRegistry(t)
  const { body } = await registry.ask(EVERYONE, 'metadata')
  const resources: readonly Resource[] = body.rest[0].resource
  assert.equal(resources.length, 8)
  for (const { type, interaction, searchParam, searchInclude, searchRevInclude } of resources) {
    const queries = [
      ...searchParam.map(({ name, type: kind }) => `${name}=${VALUES[kind]}`),
      ...(searchInclude ?? []).map((value) => `_include=${value}`),
      ...(searchRevInclude ?? []).map((value) => `_revinclude=${value}`),
    ]
    for (const query of queries) {
      const headers = { prefer: 'handling=strict' }
      const answer = await registry.ask(EVERYONE, `${type}?${query}`, { headers })
      assert.equal(answer.status, 200, `${type}?${query}: ${JSON.stringify(answer.body)}`)
    }
    const stated = interaction.map(({ code }) => code)
    assert.equal((await registry.ask(EVERYONE, `${type}/none`)).status, 404)
    const created = await registry.post(EVERYONE, type, { resourceType: type })
    assert.equal(created.status !== 405, stated.includes('create'), type)
  }
})

test('our own search parameter is stated with its definition', async (t) => {
  const registry = await startRegistry(t)
  const { body } = await registry.ask(EVERYONE, 'metadata')
  const reports: Resource = body.rest[0].resource.find(
    (one: Resource) => one.type === 'DiagnosticReport',
  )
  const own = reports.searchParam.find(({ name }) => name === 'imaging-study')
  assert.match(own?.definition ?? '', /^https:\/\/samsyn\.no\/fhir\/SearchParameter\//)
})

test('the capability statement and the profiles are valid FHIR themselves', async (t) => {
  const registry = await startRegistry(t)
  const { body } = await registry.ask(EVERYONE, 'metadata')
  const own = readOwnDefinitions()
  loadDefinitions(specificationTexts(), [
    'CapabilityStatement',
    'StructureDefinition',
    'SearchParameter',
  ])
  const validate = makeValidate(specificationTexts(), [])
  for (const resource of [body, ...own]) assert.deepEqual(validate(resource), [])
})
