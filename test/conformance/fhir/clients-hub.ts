/** A hub in a process of its own, with one member whose system may do all that a session of a FHIR client does. */
import assert from 'node:assert/strict'
import { generateKeyPairSync, randomUUID } from 'node:crypto'
import fs from 'node:fs'
import path from 'node:path'
import { obtainClientToken } from '../../../src/commands/obtain-token.ts'
import { syntheticNationalId, syntheticOrgnr } from '../../../src/demo/synthetic-ids.ts'
import type { Scope } from '../../support/database.ts'
import { startHub, type TestHub } from '../../support/hub.ts'

export interface ClientsHub {
  /** Without a slash at its end. */
  readonly base: string
  readonly token: string
  /** A registered person, `Patient/…`. */
  readonly patient: string
}

const ROLES = ['clinical', 'publisher', 'identity-clerk']
const SCOPES = ['identify', 'find', 'read-report', 'publish', 'link-patients', 'read-directory']
const NATIONAL = 'urn:oid:2.16.578.1.12.4.1.4.1'

const PERSON = {
  resourceType: 'Patient',
  name: [{ family: 'Nordmann', given: ['Kari'] }],
  birthDate: '1958-01-30',
  gender: 'female',
} as const

export async function startClientsHub(scope: Scope): Promise<ClientsHub> {
  const hub = await startHub(scope)
  const base = `${hub.url}/fhir`
  const token = await tokenOf(hub)
  return { base, token, patient: await registerPerson(base, token) }
}

async function tokenOf(hub: TestHub): Promise<string> {
  const roles = ROLES.flatMap((role) => ['--role', role])
  const flags = ['--orgnr', syntheticOrgnr(100), '--name', 'North', ...roles]
  const member = (await hub.json('member', 'add', ...flags)) as { id: string }
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const about = { kid: randomUUID(), alg: 'ES256', use: 'sig' }
  const jwks = path.join(hub.dataDir, 'ehr.jwks.json')
  fs.writeFileSync(
    jwks,
    JSON.stringify({ keys: [{ ...publicKey.export({ format: 'jwk' }), ...about }] }),
  )
  await hub.json(
    ...['client', 'add', '--id', 'ehr', '--name', 'EHR', '--member', member.id, '--jwks', jwks],
    ...['--scope', SCOPES.map((one) => `samsyn:${one}`).join(' ')],
    ...['--bearer', 'these clients know bearer tokens alone'],
  )
  const privateJwk = { ...privateKey.export({ format: 'jwk' }), ...about }
  const { token } = await obtainClientToken(hub.url, { clientId: 'ehr', privateJwk })
  return token.accessToken
}

/** By the identity feed (ITI-104), whose conditional URL stands in the body. */
async function registerPerson(base: string, token: string): Promise<string> {
  const identifier = [{ system: NATIONAL, value: syntheticNationalId(PERSON.birthDate, 100) }]
  const url = `Patient?identifier=${NATIONAL}|${identifier[0]?.value ?? ''}`
  const response = await fetch(base, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/fhir+json' },
    body: JSON.stringify({
      resourceType: 'Bundle',
      type: 'transaction',
      entry: [{ resource: { ...PERSON, identifier }, request: { method: 'PUT', url } }],
    }),
  })
  const body: any = await response.json()
  const found = /Patient\/[^/]+/.exec(body.entry?.[0]?.response?.location)
  assert.ok(found !== null, JSON.stringify(body))
  return found[0]
}

export const OBSERVED = 'https://example.org/observed'

export function observation(
  patient: string,
  code: string,
): Readonly<Record<string, unknown>> & { resourceType: 'Observation' } {
  return {
    resourceType: 'Observation',
    status: 'preliminary',
    code: { coding: [{ system: OBSERVED, code }] },
    subject: { reference: patient },
    effectiveDateTime: '2026-05-17',
    valueQuantity: { value: 1.5, unit: 'mm', system: 'http://unitsofmeasure.org', code: 'mm' },
  }
}

/** An order and what was found, which names it by the order's place in the bundle. */
export function orderAndFinding(patient: string, code: string): Readonly<Record<string, unknown>> {
  const order = `urn:uuid:${randomUUID()}`
  return {
    resourceType: 'Bundle',
    type: 'transaction',
    entry: [
      {
        resource: { ...observation(patient, code), basedOn: [{ reference: order }] },
        request: { method: 'POST', url: 'Observation' },
      },
      {
        fullUrl: order,
        resource: {
          resourceType: 'ServiceRequest',
          status: 'active',
          intent: 'order',
          subject: { reference: patient },
        },
        request: { method: 'POST', url: 'ServiceRequest' },
      },
    ],
  }
}

export function wish(): Readonly<Record<string, unknown>> & { resourceType: 'Parameters' } {
  return { resourceType: 'Parameters', parameter: [{ name: 'resource', resource: PERSON }] }
}
