/** Who and what a svarrapport names: persons, units and their identifiers (Volven 8268, 8116). */
import type { Element } from '@xmldom/xmldom'
import { NATIONAL_ID_SYSTEMS } from '../../domain/identity/national-id.ts'
import type { ReportActor } from '../../domain/imaging/report.ts'
import type { PatientClaim } from '../../domain/imaging/study.ts'
import { lookup } from '../../kernel/lookup.ts'
import { childrenOf, codeAt, elementAt, textAt } from './read-xml.ts'

/** Types of official ids of persons; one that is not here is a local id, which only its giver can resolve. */
const PATIENT_SYSTEMS: Readonly<Record<string, string>> = {
  FNR: NATIONAL_ID_SYSTEMS.fnr,
  DNR: NATIONAL_ID_SYSTEMS.dnr,
  FHN: NATIONAL_ID_SYSTEMS.fh,
}

const SYSTEMS: Readonly<Record<string, string>> = {
  HPR: 'urn:oid:2.16.578.1.12.4.1.4.4',
  ENH: 'urn:oid:2.16.578.1.12.4.1.4.101',
  RSH: 'urn:oid:2.16.578.1.12.4.1.4.102',
  HER: 'urn:oid:2.16.578.1.12.4.1.2',
}

const SEXES: Readonly<Record<string, PatientClaim['sex']>> = {
  '1': 'male',
  '2': 'female',
  '9': 'other',
}

/** `localSystem` is the sender's own assigning authority, of IdByServProvider; absent where it has none. */
export function patientOf(patient: Element, localSystem: string | undefined): PatientClaim {
  const ids = [
    officialId(textAt(patient, 'OffId'), codeAt(patient, 'TypeOffId')),
    ...childrenOf(patient, 'AdditionalId').map((one) =>
      officialId(textAt(one, 'Id'), codeAt(one, 'Type')),
    ),
    localId(textAt(patient, 'IdByServProvider'), localSystem),
  ].flatMap((id) => id ?? [])
  const [main, ...otherIds] = ids
  return { id: main?.id, issuer: main?.issuer, otherIds, ...nameOf(patient), ...bornAs(patient) }
}

type ClaimedId = PatientClaim['otherIds'][number]

function officialId(id: string | undefined, type: string | undefined): ClaimedId | undefined {
  const issuer = lookup(PATIENT_SYSTEMS, type ?? '')
  return id === undefined || issuer === undefined ? undefined : { id, issuer }
}

function localId(id: string | undefined, issuer: string | undefined): ClaimedId | undefined {
  return id === undefined || issuer === undefined ? undefined : { id, issuer }
}

/** `Etternavn, Fornavn`; without a comma the last word is the family name. */
function nameOf(patient: Element): Pick<PatientClaim, 'familyName' | 'givenName'> {
  const whole = textAt(patient, 'Name') ?? ''
  const comma = whole.indexOf(',')
  const split = comma < 0 ? whole.lastIndexOf(' ') : comma
  const [before, after] = [whole.slice(0, Math.max(split, 0)).trim(), whole.slice(split + 1).trim()]
  const [family, given] = comma < 0 ? [after, before] : [before, after]
  return { familyName: family || undefined, givenName: given || undefined }
}

function bornAs(patient: Element): Pick<PatientClaim, 'birthDate' | 'sex'> {
  const [birthDate] = /^\d{4}-\d{2}-\d{2}/.exec(codeAt(patient, 'DateOfBirth') ?? '') ?? []
  return { birthDate, sex: lookup(SEXES, codeAt(patient, 'Sex') ?? '') }
}

/** The person in an HCP, or the institution where no person is named. */
export function actorOf(hcp: Element | undefined): ReportActor | undefined {
  const person = elementAt(hcp, 'HCProf') ?? elementAt(hcp, 'Inst.HCPerson')
  const named = person ?? elementAt(hcp, 'Inst')
  const name = textAt(named, 'Name')
  const id = bestId(named)
  return name === undefined && id === undefined ? undefined : { name, ...id }
}

/** The number of health personnel or of an organisation before addresses and local ids. */
function bestId(named: Element | undefined): Omit<ReportActor, 'name'> | undefined {
  const ids = [
    { value: textAt(named, 'Id'), type: codeAt(named, 'TypeId') },
    ...childrenOf(named, 'AdditionalId').map((one) => ({
      value: textAt(one, 'Id'),
      type: codeAt(one, 'Type'),
    })),
  ]
  const known = Object.keys(SYSTEMS).flatMap((type) =>
    ids.filter((id) => id.type === type && id.value !== undefined),
  )
  const [first] = known
  return first === undefined
    ? undefined
    : { value: first.value, system: lookup(SYSTEMS, first.type ?? '') }
}
