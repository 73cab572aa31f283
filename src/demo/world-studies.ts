/** What was imaged where, and what the radiologist wrote. Texts are made up. */
import { uidFor } from './phantoms/random.ts'
import type { PhantomModality, PhantomStudy } from './phantoms/phantom-study.ts'
import { MEMBERS, type DemoSource, type MemberKey } from './world.ts'
import { patientOf } from './world-patients.ts'

export interface DemoStudy {
  readonly uid: string
  readonly patient: string
  readonly custodian: MemberKey
  /** At the custodian's own archive, or deposited in the hub. */
  readonly held: 'source' | 'hub'
  readonly modality: PhantomModality
  /** Objects it has. */
  readonly instances: number
  /** YYYY-MM-DD and HH:MM, local time. */
  readonly date: string
  readonly time: string
  readonly accession: string
  readonly report: string
}

interface Kind {
  readonly description: string
  readonly bodyPart: string
  readonly instances: number
}

const KINDS: Readonly<Record<PhantomModality, Kind>> = {
  CT: { description: 'CT thorax og abdomen', bodyPart: 'CHESTABDOMEN', instances: 40 },
  MR: { description: 'MR caput', bodyPart: 'HEAD', instances: 24 },
  DX: { description: 'RG thorax', bodyPart: 'CHEST', instances: 1 },
  US: { description: 'UL hjerte', bodyPart: 'HEART', instances: 1 },
}

const CT_NODULE =
  'CT thorax/abdomen med intravenøs kontrast. En 7 mm stor nodul i høyre lunge. Ingen forstørrede lymfeknuter. Lever, milt, pankreas og nyrer uten anmerkning. Kontroll om tre måneder anbefales.'
const CT_STABLE =
  'CT thorax/abdomen med intravenøs kontrast. Kjent nodul i høyre lunge, uendret i størrelse. Ingen nytilkomne funn. Bilateral nyrefunksjon er god, ingen hydronefrose.'
const MR_WHITE =
  'MR caput. Noen få uspesifikke høysignalforandringer i hvit substans på T2, aldersforenlig. Ingen tegn til iskemi, blødning eller romoppfyllende prosess. Normalt ventrikkelsystem.'
const MR_NORMAL =
  'MR caput. Normale forhold supra- og infratentorielt. Ingen patologisk signalforandring. Midtlinjestrukturene er på plass.'
const DX_NORMAL =
  'Røntgen thorax front. Normal hjertestørrelse. Ingen stuvning, infiltrater eller pleuravæske. Skjelettet uten anmerkning.'
const DX_HEART =
  'Røntgen thorax front. Hjertet er lett forstørret. Ingen stuvning. Ingen infiltrater. Uendret fra forrige undersøkelse.'
const US_NORMAL =
  'Ekkokardiografi, apikalt firekammerbilde. Normal systolisk funksjon av venstre ventrikkel. Ingen klaffefeil av betydning. Normalstore atrier.'

export const STUDIES: readonly DemoStudy[] = [
  study('ødegård', 'nordfjell', 'CT', '2026-03-12 10:15', CT_NODULE),
  study('ødegård', 'vestli', 'MR', '2025-11-03 13:40', MR_WHITE),
  study('ødegård', 'solvik', 'DX', '2024-08-21 09:05', DX_NORMAL),
  study('bråten', 'nordfjell', 'CT', '2026-01-28 08:30', CT_STABLE),
  study('bråten', 'solvik', 'DX', '2025-05-19 14:10', DX_NORMAL),
  study('nygård', 'nordfjell', 'CT', '2025-09-02 11:20', CT_STABLE),
  copyOf('nygård', 'nordfjell', 'vestli'),
  study('lie', 'vestli', 'CT', '2026-02-17 15:55', CT_NODULE),
  study('sæther', 'kystlandet', 'MR', '2026-04-09 12:00', MR_NORMAL),
  study('haugen', 'solvik', 'US', '2026-05-26 10:45', US_NORMAL),
  study('kvåle', 'nordfjell', 'DX', '2023-10-11 09:50', DX_NORMAL),
  study('kvåle', 'vestli', 'DX', '2025-10-14 10:25', DX_HEART),
  study('dahl', 'nordfjell', 'MR', '2025-12-15 16:30', MR_WHITE),
  study('kowalska', 'kystlandet', 'US', '2026-06-03 13:15', US_NORMAL),
  study('kowalska', 'solvik', 'DX', '2026-06-05 08:45', DX_NORMAL),
  study('grøtte', 'kystlandet', 'CT', '2025-07-29 17:10', CT_STABLE),
  study('mæland', 'vestli', 'MR', '2026-03-30 09:20', MR_NORMAL),
  study('fjæra', 'solvik', 'DX', '2026-02-03 11:35', DX_HEART),
]

function study(
  patient: string,
  custodian: MemberKey,
  modality: PhantomModality,
  ...[moment, report]: readonly [moment: string, report: string]
): DemoStudy {
  const [date = '', time = ''] = moment.split(' ')
  return {
    uid: uidFor(`samsyn demo/${patient}/${modality}/${moment}`),
    patient,
    custodian,
    held: custodian === 'solvik' ? 'hub' : 'source',
    modality,
    instances: KINDS[modality].instances,
    date,
    time,
    accession: `${custodian.slice(0, 2).toUpperCase()}${date.replaceAll('-', '').slice(2)}${modality}`,
    report,
  }
}

/** The same study, as it was sent to another trust when the patient was moved. */
function copyOf(patient: string, from: MemberKey, to: MemberKey): DemoStudy {
  return { ...study(patient, from, 'CT', '2025-09-02 11:20', CT_STABLE), custodian: to }
}

/** What the generators need to know to make the study's objects as this archive holds them. */
export function phantomOf(demo: DemoStudy, namesIssuer: boolean): PhantomStudy {
  const { uid, modality, date, time, accession } = demo
  const { description, bodyPart } = KINDS[modality]
  // A copy still says where it was made.
  const madeAt = STUDIES.find((study) => study.uid === uid)?.custodian
  const institution = MEMBERS.find(({ key }) => key === madeAt)?.name ?? ''
  return {
    uid,
    modality,
    patient: patientOf(demo.patient),
    date,
    time,
    accession,
    description,
    bodyPart,
    institution,
    referrer: 'Nordmo^Kari',
    namesIssuer,
  }
}

/** The studies that a source's archive holds. */
export function phantomsAt(source: DemoSource): readonly PhantomStudy[] {
  return STUDIES.filter(
    ({ custodian, held }) => held === 'source' && custodian === source.custodian,
  ).map((demo) => phantomOf(demo, source.namesIssuer))
}

export function depositedStudies(): readonly DemoStudy[] {
  return STUDIES.filter(({ held }) => held === 'hub')
}
