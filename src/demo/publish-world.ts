/** What the demo's members publish over the wire: deposits, reports, and one patient's block. Safe to repeat. */
import { obtainSystemToken } from '../commands/obtain-token.ts'
import { HubError } from '../kernel/errors.ts'
import { makeHubClient, type FhirResource, type HubClient } from '../sources/hub.ts'
import { writePart10 } from '../wire/dicom/write-part10.ts'
import type { DemoFile } from '../wire/demo-file.ts'
import { norwegianOffset } from './phantoms/common-modules.ts'
import { makeStudy } from './phantoms/make-study.ts'
import { patientOf } from './world-patients.ts'
import { depositedStudies, phantomOf, STUDIES, type DemoStudy } from './world-studies.ts'
import { MEMBERS, type MemberKey } from './world.ts'

const BLOCKED = 'bråten'
const RECORDER = 'innbygger-sperring'
const REPORT_SYSTEM = 'urn:samsyn:demo:report'

export type PatientIds = ReadonlyMap<string, string>

/** Resolves to the hub's id of every patient, by the demo's key. */
export async function publishWorld(
  demo: DemoFile,
  say: (line: string) => void,
): Promise<PatientIds> {
  const ids = new Map<string, string>()
  for (const member of MEMBERS)
    if (member.roles.includes('publisher')) await publishAs(demo, member.key, { ids, say })
  const blocked = ids.get(BLOCKED)
  if (blocked === undefined) throw new HubError('not-found', 'The hub knows no patient to block')
  const recorder = await connect(demo, RECORDER)
  await recordBlock(recorder, blocked).finally(() => recorder.close())
  return ids
}

async function connect(demo: DemoFile, clientId: string): Promise<HubClient> {
  const { authorize } = await obtainSystemToken(demo, { clientId })
  return makeHubClient({ url: demo.hub, authorize })
}

interface Publishing {
  /** Filled with what the hub calls the patients of the member's studies. */
  readonly ids: Map<string, string>
  readonly say: (line: string) => void
}

async function publishAs(
  demo: DemoFile,
  member: MemberKey,
  { ids, say }: Publishing,
): Promise<void> {
  const hub = await connect(demo, `${member}-ris`)
  try {
    for (const study of depositedStudies())
      if (study.custodian === member && (await deposit(hub, study)))
        say(`${study.modality} of ${study.date} deposited by STOW-RS`)
    for (const study of STUDIES) {
      if (study.custodian !== member) continue
      await fileReport(hub, study)
      ids.set(study.patient, await patientOfStudy(hub, study))
    }
  } finally {
    await hub.close()
  }
}

/** False where the study is with the hub already. */
async function deposit(hub: HubClient, study: DemoStudy): Promise<boolean> {
  const found = await hub.search('ImagingStudy', { identifier: studyIdentifier(study) })
  if (found.length > 0) return false
  const objects = [...makeStudy(phantomOf(study, true))].map(({ attributes, pixels }) => {
    const vr = attributes['00280100']?.Value?.[0] === 8 ? 'OB' : 'OW'
    return writePart10({ attributes, pixelData: { vr, bytes: pixels() } })
  })
  const { failures } = await hub.storeInstances(
    objects.map((bytes) => ({ length: bytes.length, open: () => once(bytes) })),
    () => undefined,
  )
  if (failures.length > 0) throw new HubError('conflict', 'The hub refused an object of the demo')
  return true
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes
}

function studyIdentifier({ uid }: DemoStudy): string {
  return `urn:dicom:uid|urn:oid:${uid}`
}

async function fileReport(hub: HubClient, study: DemoStudy): Promise<void> {
  const { nationalId, issuerOid } = patientOf(study.patient)
  const value = `${study.custodian}-${study.accession}`
  const offset = norwegianOffset(study.date).replace(/00$/, ':00')
  const report: FhirResource = {
    resourceType: 'DiagnosticReport',
    identifier: [{ system: REPORT_SYSTEM, value }],
    status: 'final',
    code: {
      coding: [
        { system: 'http://loinc.org', code: '18748-4', display: 'Diagnostic imaging study' },
      ],
      text: 'Radiologisk beskrivelse',
    },
    subject: { identifier: { system: `urn:oid:${issuerOid}`, value: nationalId } },
    issued: `${study.date}T${study.time}:00${offset}`,
    imagingStudy: [{ identifier: { system: 'urn:dicom:uid', value: `urn:oid:${study.uid}` } }],
    conclusion: study.report,
  }
  await hub.create('DiagnosticReport', report, `identifier=${REPORT_SYSTEM}|${value}`)
}

/** By the custodian's own entry: what the hub calls the patient, without asking for a national id. */
async function patientOfStudy(hub: HubClient, study: DemoStudy): Promise<string> {
  const [found] = await hub.search('ImagingStudy', { identifier: studyIdentifier(study) })
  const reference = JSON.stringify(found?.subject ?? {})
  const id = /"Patient\/([^"]+)"/.exec(reference)?.[1]
  if (id !== undefined) return id
  throw new HubError('not-found', `The hub does not know whose the ${study.modality} is`)
}

/** HL7 Norway's form of a block (sperring): everything, from everyone but the custodian's own. */
async function recordBlock(recorder: HubClient, patient: string): Promise<void> {
  const existing = await recorder.search('Consent', { patient: `Patient/${patient}` })
  if (existing.some(({ status }) => status === 'active')) return
  await recorder.create('Consent', {
    resourceType: 'Consent',
    status: 'active',
    scope: coded('http://terminology.hl7.org/CodeSystem/consentscope', 'patient-privacy'),
    category: [coded('http://loinc.org', '59284-0')],
    patient: { reference: `Patient/${patient}` },
    dateTime: '2026-05-01T09:00:00Z',
    policyRule: { text: 'PBRL5-3' },
    provision: { type: 'deny' },
  })
}

function coded(system: string, code: string): object {
  return { coding: [{ system, code }] }
}
