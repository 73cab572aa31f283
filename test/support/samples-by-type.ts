/** One valid resource of each type that is written over FHIR, about a patient and a study that are there. */
import { ANNE, NORTH } from './registry.ts'

export interface Sample {
  readonly resourceType: string
  readonly [name: string]: unknown
}

const SYSTEM = 'urn:oid:1.2.9'
const identifier = [{ system: SYSTEM, value: 'sample' }]
const subject = { reference: `Patient/${ANNE}` }
const text = { text: 'Sample' }

/** By which a condition finds the sample of each type. */
export const CONDITION = `identifier=${SYSTEM}|sample`

const CONTENT: Readonly<Record<string, object>> = {
  Patient: {
    identifier: [{ system: 'urn:oid:2.16.578.1.12.4.1.4.1', value: '57858550078' }],
    name: [{ family: 'Lie', given: ['Kari'] }],
  },
  Organization: {
    identifier: [{ system: 'urn:oid:2.16.578.1.12.4.1.4.101', value: '999999999' }],
    name: 'East',
  },
  Practitioner: {
    identifier: [{ system: 'urn:oid:2.16.578.1.12.4.1.4.4', value: '9144889' }],
    name: [{ family: 'Dahl', given: ['Ola'] }],
  },
  PractitionerRole: { identifier, organization: { reference: `Organization/${NORTH}` } },
  Endpoint: {
    identifier,
    status: 'active',
    connectionType: {
      system: 'http://terminology.hl7.org/CodeSystem/endpoint-connection-type',
      code: 'dicom-wado-rs',
    },
    managingOrganization: { reference: `Organization/${NORTH}` },
    payloadType: [{ text: 'DICOM' }],
    payloadMimeType: ['application/dicom'],
    address: 'https://pacs.example/dicom-web',
  },
  ImagingStudy: {
    identifier: [{ system: 'urn:dicom:uid', value: 'urn:oid:2.25.4711' }],
    status: 'available',
    subject,
    numberOfSeries: 1,
    numberOfInstances: 1,
    series: [
      {
        uid: '2.25.4711.1',
        modality: { system: 'http://dicom.nema.org/resources/ontology/DCM', code: 'CT' },
        numberOfInstances: 1,
      },
    ],
  },
  DiagnosticReport: {
    identifier,
    status: 'final',
    code: text,
    subject,
    issued: '2024-01-11T10:00:00Z',
    imagingStudy: [{ reference: 'ImagingStudy/a1' }],
  },
  Observation: { identifier, status: 'final', code: text, subject },
  ServiceRequest: { identifier, status: 'active', intent: 'order', subject },
  Task: {
    identifier,
    status: 'requested',
    intent: 'order',
    code: { coding: [{ system: 'http://hl7.org/fhir/CodeSystem/task-code', code: 'fulfill' }] },
    for: subject,
    authoredOn: '2024-01-11T10:00:00Z',
    requester: { reference: `Organization/${NORTH}` },
  },
  DocumentReference: {
    identifier,
    status: 'current',
    subject,
    content: [{ attachment: { contentType: 'text/plain', data: 'aGVp' } }],
  },
  List: { identifier, status: 'current', mode: 'working', subject },
  Binary: { contentType: 'text/plain', securityContext: subject, data: 'aGVp' },
  ResearchStudy: { identifier, status: 'active' },
  ResearchSubject: {
    identifier,
    status: 'candidate',
    study: { reference: 'ResearchStudy/one' },
    individual: subject,
  },
  Group: { identifier, type: 'person', actual: true },
  Basic: { identifier, code: text },
}

export const SAMPLES: ReadonlyMap<string, Sample> = new Map(
  Object.entries(CONTENT).map(([resourceType, content]) => [
    resourceType,
    { resourceType, ...content },
  ]),
)
