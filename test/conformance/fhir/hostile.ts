/** What tests of bad input share: a registry with a little in it, and what becomes of what nobody should send. */
import assert from 'node:assert/strict'
import { setImmediate as breathe } from 'node:timers/promises'
import type { TestContext } from 'node:test'
import {
  ANNE,
  BERIT,
  idsOf,
  NORTH,
  putPatients,
  putStudy,
  startRegistry,
  WEST,
  type Answer,
  type Caller,
  type Registry,
} from '../../support/registry.ts'

export const PUBLISHER: Caller = {
  member: NORTH,
  actions: ['find', 'read-report', 'publish', 'read-directory', 'operate'],
  filter: { kind: 'or', of: [{ kind: 'custodian', in: [NORTH] }, { kind: 'no-custodian' }] },
}
export const OBSERVATION = {
  resourceType: 'Observation',
  status: 'final',
  code: { text: 'Diameter' },
  subject: { reference: `Patient/${ANNE}` },
}
/** Of a refusal: nobody waits long for one. */
const SOON_MS = 5_000

export async function registryWithPeople(t: TestContext): Promise<Registry> {
  const registry = await startRegistry(t)
  await putPatients(registry)
  await putStudy(registry, { id: 'a1', patient: ANNE, custodian: NORTH })
  await putStudy(registry, { id: 'b1', patient: BERIT, custodian: WEST })
  return registry
}

export function assertRefused({ status, body }: Answer, what: string): void {
  assert.ok(status >= 400 && status < 500, `${what}: ${status} ${JSON.stringify(body)}`)
  assert.equal(body?.resourceType, 'OperationOutcome', `${what}: ${JSON.stringify(body)}`)
  const text: unknown = body.issue?.[0]?.details?.text
  assert.ok(typeof text === 'string' && text.length > 10, `${what}: ${JSON.stringify(body)}`)
}

/** Either is right, so long as it is soon. */
export function assertSafe(answer: Answer, what: string): void {
  if (answer.status !== 200) assertRefused(answer, what)
}

export async function soon<Result>(what: string, work: () => Promise<Result>): Promise<Result> {
  const start = performance.now()
  const result = await work()
  const took = performance.now() - start
  assert.ok(took < SOON_MS, `${what} took ${Math.round(took)} ms`)
  return result
}

export async function assertStillWorks(registry: Registry): Promise<void> {
  await breathe()
  assert.deepEqual(idsOf(await registry.ask(PUBLISHER, 'ImagingStudy')), ['a1'])
}

/** How the registry of the tests knows a caller that has asked before. */
export function keyOf({
  member,
  grant = '',
  actions,
}: Pick<Caller, 'member' | 'actions'> & { grant?: string }): string {
  return [member, grant, ...actions].join('/')
}
