/**
 * Published search suites, over HTTP: every request finds exactly the resources that it should, dates by R4's own
 * reading. Their resources go straight into the store, for some of them no registry of ours would take.
 */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { test, type TestContext } from 'node:test'
import type { PatientId } from '../../../src/kernel/ids.ts'
import { SERVED_TYPES } from '../../../src/services/served-types-table.ts'
import { sampleFiles } from '../../support/samples.ts'
import { idsOf, startRegistry, type Registry, type Row } from '../../support/registry.ts'
import { callerWith } from './campaign.ts'

interface Suite {
  readonly name: string
  readonly resources: { readonly entry: readonly { readonly resource: Row }[] }
  readonly tests: readonly Case[]
}

interface Case {
  readonly request: string
  readonly expected?: readonly string[]
  readonly expected_r4_spec?: readonly string[]
  readonly expected_status?: number
}

/** Requests whose expectation is not R4's, and why: there are none. */
const EXCEPTIONS: Readonly<Record<string, string>> = {}

const CALLER = callerWith({ kind: 'everything' })

// A suite searches risk assessments, which the registry does not keep: in this process it does.
Object.assign(SERVED_TYPES, { RiskAssessment: SERVED_TYPES.Observation })

test('every request of the published search suites finds what R4 says', async (t) => {
  const files = await sampleFiles(t, 'fhir/search')
  const wrong: string[] = []
  for (const file of files) {
    const suite: Suite = JSON.parse(readFileSync(file, 'utf8'))
    const registry = await registryWith(t, suite)
    const faults = await faultsOf(registry, suite)
    const right = suite.tests.length - faults.length
    console.log(`${path.basename(file).padEnd(28)} ${suite.tests.length} requests, ${right} right`)
    wrong.push(...faults)
  }
  assert.equal(wrong.length, 0, `\n${wrong.join('\n')}\n`)
})

async function registryWith(t: TestContext, { resources }: Suite): Promise<Registry> {
  const registry = await startRegistry(t)
  for (const { resource } of resources.entry) {
    const isPatient = resource.resourceType === 'Patient'
    const facts = isPatient ? { patient: resource.id as PatientId } : {}
    await registry.put(resource, facts)
    // A patient is seen through what is about that patient.
    if (isPatient)
      await registry.put({ resourceType: 'ImagingStudy', id: `of-${resource.id}` }, facts)
  }
  return registry
}

async function faultsOf(registry: Registry, { tests }: Suite): Promise<readonly string[]> {
  const faults: string[] = []
  for (const { request, ...meant } of tests) {
    if (request in EXCEPTIONS) continue
    const answer = await registry.ask(CALLER, request)
    const status = meant.expected_status ?? 200
    const expected = (meant.expected_r4_spec ?? meant.expected ?? []).toSorted()
    const found = answer.status === 200 ? idsOf(answer).toSorted() : []
    if (answer.status !== status || found.join() !== expected.join())
      faults.push(
        `${request}\n  ${answer.status} [${found.join(' ')}], not ${status} [${expected.join(' ')}]`,
      )
  }
  return faults
}
