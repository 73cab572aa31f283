/** The modules that every image of the demo shares (PS3.3 annex C). */
import { uidFor } from './random.ts'
import {
  attributes,
  type AttributeTable,
  type PhantomPatient,
  type PhantomStudy,
} from './phantom-study.ts'

export interface SeriesModule {
  readonly number: number
  readonly description: string
  readonly device: string
}

/** Patient, General Study, General Series, General Equipment and SOP Common. */
export function commonModules(
  study: PhantomStudy,
  series: SeriesModule,
  instance: { readonly number: number; readonly sopClassUid: string },
): AttributeTable {
  return {
    ...patientModule(study.patient, study.namesIssuer),
    ...studyModule(study),
    ...seriesModule(study, series),
    '00080005': ['CS', 'ISO_IR 192'],
    '00080016': ['UI', instance.sopClassUid],
    '00080018': ['UI', instanceUid(study, series.number, instance.number)],
    '00200013': ['IS', instance.number],
  }
}

export function instanceUid(study: PhantomStudy, series: number, instance: number): string {
  return uidFor(`${study.uid}/${series}/${instance}`)
}

function patientModule(patient: PhantomPatient, namesIssuer: boolean): AttributeTable {
  const name = `${patient.familyName}^${patient.givenName}`
  const module: AttributeTable = {
    '00100010': ['PN', { Alphabetic: name }],
    '00100020': ['LO', patient.nationalId],
    '00100030': ['DA', compact(patient.birthDate)],
    '00100040': ['CS', patient.sex],
  }
  if (!namesIssuer) return module
  const universal = attributes({
    '00400032': ['UT', patient.issuerOid],
    '00400033': ['CS', 'ISO'],
  })
  return {
    ...module,
    '00100021': ['LO', patient.issuerOid],
    '00100024': ['SQ', universal],
  }
}

function studyModule(study: PhantomStudy): AttributeTable {
  const moment = {
    date: ['DA', compact(study.date)] as const,
    time: ['TM', `${compact(study.time)}00`] as const,
  }
  return {
    '00080020': moment.date,
    '00080021': moment.date,
    '00080022': moment.date,
    '00080023': moment.date,
    '00080030': moment.time,
    '00080031': moment.time,
    '00080032': moment.time,
    '00080033': moment.time,
    '00080050': ['SH', study.accession],
    '00080090': ['PN', { Alphabetic: study.referrer }],
    '00080201': ['SH', norwegianOffset(study.date)],
    '00081030': ['LO', study.description],
    '0020000D': ['UI', study.uid],
    '00200010': ['SH', study.accession],
  }
}

function seriesModule(study: PhantomStudy, series: SeriesModule): AttributeTable {
  return {
    '00080060': ['CS', study.modality],
    '00080070': ['LO', 'Samsyn'],
    '00080080': ['LO', study.institution],
    '0008103E': ['LO', series.description],
    '00081090': ['LO', series.device],
    '00180015': ['CS', study.bodyPart],
    '00181000': ['LO', 'DEMO-1'],
    '00181020': ['LO', '1.0'],
    '0020000E': ['UI', uidFor(`${study.uid}/${series.number}`)],
    '00200011': ['IS', series.number],
  }
}

/** Image Pixel module of grey pictures (PS3.3 section C.7.6.3). */
export function greyPixels(picture: {
  readonly rows: number
  readonly columns: number
  readonly bitsAllocated: 8 | 16
  readonly bitsStored: number
}): AttributeTable {
  return {
    '00280002': ['US', 1],
    '00280004': ['CS', 'MONOCHROME2'],
    '00280010': ['US', picture.rows],
    '00280011': ['US', picture.columns],
    '00280100': ['US', picture.bitsAllocated],
    '00280101': ['US', picture.bitsStored],
    '00280102': ['US', picture.bitsStored - 1],
    '00280103': ['US', 0],
    '00282110': ['CS', '00'],
  }
}

/** Frame of Reference and Image Plane modules of an axial slice, supine and head first. */
export function axialPlane(
  study: PhantomStudy,
  plane: {
    readonly size: number
    readonly spacing: number
    readonly thickness: number
    readonly gap: number
    /** Millimetres towards the head. */
    readonly position: number
  },
): AttributeTable {
  const corner = (-(plane.size - 1) / 2) * plane.spacing
  return {
    '00180050': ['DS', plane.thickness],
    '00180088': ['DS', plane.gap],
    '00185100': ['CS', 'HFS'],
    '00200032': ['DS', corner, corner, plane.position],
    '00200037': ['DS', 1, 0, 0, 0, 1, 0],
    '00200052': ['UI', uidFor(`${study.uid}/frame-of-reference`)],
    '00201040': ['LO'],
    '00201041': ['DS', plane.position],
    '00280030': ['DS', plane.spacing, plane.spacing],
  }
}

function compact(text: string): string {
  return text.replace(/[-:]/g, '')
}

/** (0008,0201) on that day in Norway, as +0200 in summer. */
export function norwegianOffset(date: string): string {
  const noon = new Date(`${date}T12:00:00Z`)
  const format = new Intl.DateTimeFormat('en', {
    timeZone: 'Europe/Oslo',
    timeZoneName: 'longOffset',
  })
  const zone = format.formatToParts(noon).find((part) => part.type === 'timeZoneName')
  return (zone?.value ?? 'GMT+01:00').replace(/GMT|:/g, '')
}
