/**
 * The clinician's story, told once after the demo has started: each step goes through the same doors as any
 * client's, is checked, and is printed with its time.
 */
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { downloadStudy, type DownloadReport } from '../commands/download-study.ts'
import {
  exchangeForHub,
  obtainSystemToken,
  signInPerson,
  type ObtainedToken,
  type PersonRequest,
} from '../commands/obtain-token.ts'
import { makeHubClient, type FhirResource, type HubClient } from '../sources/hub.ts'
import type { DemoFile } from '../wire/demo-file.ts'
import type { PatientIds } from './publish-world.ts'
import { openReviewQueue, type WaitingReview } from './review-queue.ts'
import { makeStorySteps, require, type Step } from './story-steps.ts'
import { patientOf } from './world-patients.ts'
import { STUDIES, type DemoStudy } from './world-studies.ts'

export interface StoryRequest {
  readonly demo: DemoFile
  readonly patients: PatientIds
  /** Folder of the archive that holds a study at its source. */
  readonly archiveOf: (study: DemoStudy) => string
  readonly say: (line: string) => void
}

const CLINICIAN = 'olav.vestby'
const PATIENT = 'ødegård'
const BLOCKED = 'bråten'
const OFFICER = 'nordfjell-personvern'
/** PS3.16 CID 403: how an audit event says that access was an override. */
const EMERGENCY_OVERRIDE = '110127'

/** Rejects with the first step that does not come out as it should. */
export async function tellStory(request: StoryRequest): Promise<void> {
  const { demo, say } = request
  const step = makeStorySteps(say)
  say('')
  say('The story: Olav Vestby at Vestli sykehus needs what others have imaged of his patient.')
  const care = { username: CLINICIAN, patient: patientOf(PATIENT).nationalId, purpose: 'TREAT' }
  const hub = await enter(demo, step, { ...care, studies: [] })
  try {
    const [study] = STUDIES.filter((one) => one.patient === PATIENT && one.modality === 'CT')
    if (study === undefined) throw new Error('The demo has no CT for its story')
    await findEverything(hub, step)
    await fetchStudy(hub, step, { study, archive: request.archiveOf(study) })
  } finally {
    await hub.close()
  }
  await seeTheAudit(request, step)
  await meetTheBlock(demo, step)
  await breakTheGlass(request, step)
  say('')
  say('The story is told: every step came out as it should.')
}

async function enter(demo: DemoFile, step: Step, request: PersonRequest): Promise<HubClient> {
  const signedIn = await step('signs in at the identity provider, with an attest', async () => {
    const result = await signInPerson(demo, request)
    return { result, told: `purpose ${request.purpose}` }
  })
  const obtained = await step('exchanges that token at the hub', async () => {
    const result = await exchangeForHub(demo, request, signedIn)
    const { scope = '', expiresIn = 0 } = result.token
    require(expiresIn <= 300, 'a token that lives five minutes at most')
    return { result, told: `${scope}, ${expiresIn} s` }
  })
  return clientOf(demo, obtained)
}

function clientOf(demo: DemoFile, { authorize }: ObtainedToken): HubClient {
  return makeHubClient({ url: demo.hub, authorize })
}

/** By national id, in the body of a POST: it reaches no log. */
function byNationalId(key: string): Readonly<Record<string, string>> {
  const { issuerOid, nationalId } = patientOf(key)
  return { 'patient.identifier': `urn:oid:${issuerOid}|${nationalId}` }
}

async function findEverything(hub: HubClient, step: Step): Promise<void> {
  const expected = STUDIES.filter(({ patient }) => patient === PATIENT)
  await step('finds the patient’s studies (POST ImagingStudy/_search)', async () => {
    const query = { ...byNationalId(PATIENT), _sort: '-started' }
    const found = await hub.search('ImagingStudy', query)
    requireAll(found, expected)
    const told = found.map(({ started, description }) =>
      [String(started).slice(0, 10), description].join(' '),
    )
    return { result: undefined, told: told.join(' · ') }
  })
  await step('reads the reports (POST DiagnosticReport/_search)', async () => {
    const reports = await hub.search('DiagnosticReport', byNationalId(PATIENT))
    require(reports.length >= expected.length, `${expected.length} reports`)
    return { result: undefined, told: firstSentence(reports) }
  })
}

/** Visitors may have published more in the meantime. */
function requireAll(found: readonly FhirResource[], expected: readonly DemoStudy[]): void {
  const text = JSON.stringify(found)
  require(expected.every(({ uid }) => text.includes(uid)), `${expected.length} studies`)
}

function firstSentence(reports: readonly FhirResource[]): string {
  const texts = reports.map(({ conclusion }) => (typeof conclusion === 'string' ? conclusion : ''))
  return `“${texts[0]?.split('. ')[0] ?? ''}.” and ${reports.length - 1} more`
}

interface Fetched {
  readonly study: DemoStudy
  readonly archive: string
}

async function fetchStudy(hub: HubClient, step: Step, { study, archive }: Fetched): Promise<void> {
  await step('asks for the CT’s objects (QIDO-RS)', async () => {
    const instances = await hub.searchInstances(study.uid)
    require(instances.length === study.instances, `${study.instances} instances`)
    return { result: undefined, told: `${instances.length} instances` }
  })
  const folder = await mkdtemp(path.join(os.tmpdir(), 'samsyn-story-'))
  try {
    await step('fetches the CT through the hub from its archive (WADO-RS)', async () => {
      const onObject = (): void => undefined
      const report = await downloadStudy(hub, { study: study.uid, folder, onObject })
      require(report.problems.length === 0, `a whole study: ${report.problems[0]?.problem}`)
      require(report.verified === study.instances, `${study.instances} verified objects`)
      return { result: undefined, told: speedOf(report) }
    })
    await step('compares each file with the archive’s own', async () => {
      const objects = await hub.searchInstances(study.uid)
      for (const object of objects) await requireSame(uidOf(object), [folder, archive])
      return { result: undefined, told: `${objects.length} files equal, byte for byte` }
    })
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

function speedOf({ verified, bytes, seconds }: DownloadReport): string {
  const megabytes = bytes / 1e6
  return `${verified} objects verified, ${megabytes.toFixed(1)} MB, ${(megabytes / seconds).toFixed(0)} MB/s`
}

function uidOf(object: Readonly<Record<string, { readonly Value?: readonly unknown[] }>>): string {
  return String(object['00080018']?.Value?.[0])
}

async function requireSame(uid: string, [one, other]: readonly [string, string]): Promise<void> {
  const files = [one, other].map((folder) => readFile(path.join(folder, `${uid}.dcm`)))
  const [fetched, kept] = await Promise.all(files)
  require(fetched !== undefined && kept?.equals(fetched) === true, 'the bytes that the archive has')
}

/** The custodian's privacy officer sees who has had its material, and why. */
async function seeTheAudit({ demo, patients }: StoryRequest, step: Step): Promise<void> {
  const officer = clientOf(demo, await obtainSystemToken(demo, { clientId: OFFICER }))
  try {
    await step('is in the custodian’s audit log (AuditEvent)', async () => {
      const events = await officer.search('AuditEvent', {
        patient: patientReference(patients, PATIENT),
      })
      const log = JSON.stringify(events)
      require(log.includes('disclosure-opened'), 'the disclosure in the audit log')
      require(log.includes('Olav Vestby'), 'the practitioner’s name there')
      require(!log.includes(patientOf(PATIENT).nationalId), 'no national id there')
      return { result: undefined, told: 'Olav Vestby, for treatment; no national id' }
    })
  } finally {
    await officer.close()
  }
}

function patientReference(patients: PatientIds, key: string): string {
  return `Patient/${patients.get(key) ?? ''}`
}

async function meetTheBlock(demo: DemoFile, step: Step): Promise<void> {
  const { nationalId } = patientOf(BLOCKED)
  const request = { username: CLINICIAN, patient: nationalId, purpose: 'TREAT', studies: [] }
  const hub = await enter(demo, step, request)
  try {
    await step('asks for a patient with a block', async () => {
      const studies = await hub.search('ImagingStudy', byNationalId(BLOCKED))
      require(studies.length === 0, 'nothing to be shown')
      return { result: undefined, told: 'nothing is shown, as if there were nothing' }
    })
  } finally {
    await hub.close()
  }
}

async function breakTheGlass({ demo, patients }: StoryRequest, step: Step): Promise<void> {
  const { nationalId } = patientOf(BLOCKED)
  const expected = STUDIES.filter(({ patient }) => patient === BLOCKED)
  const hub = await enter(demo, step, {
    username: CLINICIAN,
    patient: nationalId,
    purpose: 'BTG',
    studies: [],
    breakGlass: { reason: 'LIFE-THREAT', text: 'Bevisstløs pasient i akuttmottaket' },
  })
  try {
    await step('breaks the glass in an emergency', async () => {
      const studies = await hub.search('ImagingStudy', byNationalId(BLOCKED))
      requireAll(studies, expected)
      return { result: undefined, told: `${studies.length} studies are shown` }
    })
  } finally {
    await hub.close()
  }
  await reviewTheEmergency({ demo, patients }, step)
}

/** Marked in the log, and waiting until the custodian's privacy officer has said what she thinks of it. */
async function reviewTheEmergency(
  { demo, patients }: Pick<StoryRequest, 'demo' | 'patients'>,
  step: Step,
): Promise<void> {
  const token = await obtainSystemToken(demo, { clientId: OFFICER })
  const officer = clientOf(demo, token)
  const queue = openReviewQueue(demo.hub, token)
  try {
    await step('is put before the custodian’s privacy officer, who reviews it', async () => {
      const patient = patientReference(patients, BLOCKED)
      const events = await officer.search('AuditEvent', { patient })
      const overrides = events.filter((event) => JSON.stringify(event).includes(EMERGENCY_OVERRIDE))
      require(overrides.length > 0, 'the override in the audit log')
      const isOurs = (one: WaitingReview): boolean => patient === `Patient/${one.patient}`
      const waiting = (await queue.waiting()).filter(isOurs)
      const [review] = waiting
      if (review === undefined) throw new Error('The story expected the override in the queue')
      for (const { grant } of waiting) await queue.enter(grant, 'justified')
      require(!(await queue.waiting()).some(isOurs), 'a queue without it')
      const { practitioner, reason, text } = review
      return {
        result: undefined,
        told: `${practitioner.name}, ${reason}, “${text ?? ''}”: justified`,
      }
    })
  } finally {
    await officer.close()
  }
}
