/** The dozen synthetic patients of the demo, each with what there is to see in it. */
import { syntheticNationalId } from './synthetic-ids.ts'

export interface DemoPatient {
  readonly key: string
  readonly nationalId: string
  /** OID of the assigning authority, without `urn:oid:`. */
  readonly issuerOid: string
  readonly familyName: string
  readonly givenName: string
  /** YYYY-MM-DD */
  readonly birthDate: string
  readonly sex: 'M' | 'F'
  readonly story: string
}

const FNR = '2.16.578.1.12.4.1.4.1'
const DNR = '2.16.578.1.12.4.1.4.2'

export const PATIENTS: readonly DemoPatient[] = [
  patient('Ødegård^Kåre', '1953-05-14 M', 301, 'two trusts and one institute'),
  patient(
    'Bråten^Ingrid',
    '1968-08-02 F',
    122,
    'has a block: nothing is shown but in an emergency',
  ),
  patient('Nygård^Åse', '1947-12-19 F', 204, 'one study exists in two places'),
  patient('Lie^Øyvind', '1981-03-27 M', 145, 'a CT at the slow source'),
  patient('Sæther^Marit', '1975-10-08 F', 238, 'an MR at the source that is sometimes down'),
  patient('Haugen^Jon', '1990-01-16 M', 357, 'an ultrasound cine deposited in the hub'),
  patient('Kvåle^Liv', '1939-07-23 F', 410, 'chest radiographs two years apart at two trusts'),
  patient('Dahl^Per Ås', '1962-11-05 M', 169, 'an MR of the head'),
  patient('Kowalska^Zofia', '1986-06-12 F', 280, 'has a D-number', 'dnr'),
  patient('Grøtte^Bjørn', '1958-04-30 M', 333, 'a CT at the source that is sometimes down'),
  patient('Mæland^Silje', '2004-09-18 F', 560, 'an MR at the slow source'),
  patient('Fjæra^Tor Erik', '1971-02-07 M', 190, 'one chest radiograph at the institute'),
]

function patient(
  name: string,
  born: string,
  individual: number,
  ...[story, kind = 'fnr']: readonly [story: string, kind?: 'fnr' | 'dnr']
): DemoPatient {
  const [familyName = '', givenName = ''] = name.split('^')
  const [birthDate = '', sex] = born.split(' ')
  return {
    key: familyName.toLowerCase(),
    nationalId: syntheticNationalId(birthDate, individual, kind),
    issuerOid: kind === 'dnr' ? DNR : FNR,
    familyName,
    givenName,
    birthDate,
    sex: sex === 'F' ? 'F' : 'M',
    story,
  }
}

/** Throws for a key that is not in the table: a fault of the demo's own data. */
export function patientOf(key: string): DemoPatient {
  const found = PATIENTS.find((patient) => patient.key === key)
  if (found === undefined) throw new Error(`The demo has no patient ${key}`)
  return found
}
