/** What a clinician, a publisher and a recorder of consents ask of a running hub over HTTP. */
import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import { NATIONAL_ID_SYSTEM } from './network.ts'

// What comes back over a socket is untyped until it is asserted on.
type Json = ReturnType<typeof JSON.parse>

export interface Caller {
  /** Of the hub that is asked. */
  readonly url: string
  readonly authorization: string
}

export async function deposit(
  { url, authorization }: Caller,
  objects: readonly Buffer[],
): Promise<void> {
  for (const object of objects) {
    const response = await fetch(`${url}/dicom-web/studies`, {
      method: 'POST',
      headers: { authorization, 'content-type': 'application/dicom' },
      body: new Uint8Array(object),
    })
    assert.ok([200, 202].includes(response.status), await response.text())
  }
}

export async function create(
  { url, authorization }: Caller,
  resource: { readonly resourceType: string } & Readonly<Record<string, unknown>>,
): Promise<Json> {
  const response = await fetch(`${url}/fhir/${resource.resourceType}`, {
    method: 'POST',
    headers: { authorization, 'content-type': 'application/fhir+json' },
    body: JSON.stringify(resource),
  })
  const text = await response.text()
  assert.equal(response.status, 201, text)
  return JSON.parse(text)
}

/** A report of the study, of the patient with this national id. */
export function reportOf(studyUid: string, patient: string) {
  return {
    resourceType: 'DiagnosticReport',
    status: 'final',
    code: { text: 'CT thorax' },
    conclusion: studyUid,
    subject: { identifier: { system: NATIONAL_ID_SYSTEM, value: patient } },
    imagingStudy: [{ identifier: { system: 'urn:dicom:uid', value: `urn:oid:${studyUid}` } }],
  }
}

/** A block against everyone. */
export function blockOf(patient: string) {
  const coded = (system: string, code: string) => ({ coding: [{ system, code }] })
  return {
    resourceType: 'Consent',
    status: 'active',
    scope: coded('http://terminology.hl7.org/CodeSystem/consentscope', 'patient-privacy'),
    category: [coded('http://loinc.org', '59284-0')],
    patient: { reference: patient },
    dateTime: '2026-05-01T09:00:00Z',
    policyRule: { text: 'PBRL5-3' },
    provision: { type: 'deny' },
  }
}

export async function search({ url, authorization }: Caller, type: string): Promise<Json[]> {
  const response = await fetch(`${url}/fhir/${type}/_search`, {
    method: 'POST',
    headers: { authorization },
    body: new URLSearchParams({ _count: '100' }),
  })
  const text = await response.text()
  assert.equal(response.status, 200, text)
  const bundle = JSON.parse(text)
  return (bundle.entry ?? []).map(({ resource }: Json) => resource)
}

export function retrieve({ url, authorization }: Caller, studyUid: string): Promise<Response> {
  return fetch(`${url}/dicom-web/studies/${studyUid}`, {
    headers: { authorization, accept: 'multipart/related; type="application/dicom"' },
  })
}

/** By which ways the study is seen: all of them or none, unless something is wrong. */
export async function waysToSee(caller: Caller, studyUid: string): Promise<readonly string[]> {
  const { url, authorization } = caller
  const about = (resources: Json[]): boolean => JSON.stringify(resources).includes(studyUid)
  const qido = await fetch(`${url}/dicom-web/studies`, {
    headers: { authorization, accept: 'application/dicom+json' },
  })
  const listed = qido.status === 204 ? [] : ((await qido.json()) as Json[])
  const wado = await retrieve(caller, studyUid)
  await wado.arrayBuffer()
  const seen = {
    ImagingStudy: about(await search(caller, 'ImagingStudy')),
    DiagnosticReport: about(await search(caller, 'DiagnosticReport')),
    'QIDO-RS': about(listed),
    'WADO-RS': wado.status === 200,
  }
  return Object.entries(seen).flatMap(([way, isSeen]) => (isSeen ? [way] : []))
}

/** Asks again until the answer is as it should be; fails with the last one after five seconds. */
export async function withinFiveSeconds<Answer>(
  ask: () => Promise<Answer>,
  expected: Answer,
): Promise<void> {
  const deadline = performance.now() + 5_000
  let answer = await ask()
  while (!isSame(answer, expected) && performance.now() < deadline) {
    await sleep(100)
    answer = await ask()
  }
  assert.deepEqual(answer, expected)
}

function isSame(one: unknown, other: unknown): boolean {
  return JSON.stringify(one) === JSON.stringify(other)
}
