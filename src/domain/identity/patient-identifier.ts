/** What an identifier of a person is good for: whose it is, whether it names one person alone, and its key. */
import { lookup } from '../../kernel/lookup.ts'
import {
  isNationalSystem,
  NATIONAL_ID_SYSTEMS,
  parseNationalId,
  type NationalIdRules,
} from './national-id.ts'

/** DUF-nummer: twelve digits, given by the immigration authorities to one person each. */
const DUF_SYSTEM = 'urn:oid:2.16.578.1.12.4.1.4.5'
/** Help numbers of single hospitals: the system is that of all of them, and the assigner tells them apart. */
const HNR_SYSTEM = 'HNR'
/** HPR-nummer and HER-id name health personnel and communication parties, organisation numbers organisations. */
const OTHERS_SYSTEMS: ReadonlySet<string> = new Set([
  'urn:oid:2.16.578.1.12.4.1.4.4',
  'urn:oid:2.16.578.1.12.4.1.2',
  'urn:oid:2.16.578.1.12.4.1.4.101',
  'urn:oid:2.16.578.1.12.4.1.4.102',
])

const LONGEST_VALUE = 64
const LONGEST_SYSTEM = 256
/** Separates system and assigner in the key of a help number; no URI has it. */
const MARK = '\u001f'

export interface TellingIdentifier {
  readonly system?: string | undefined
  readonly value?: string | undefined
  /** Who gave it, in words or as a number of the organisation. */
  readonly assigner?: string | undefined
  /** FHIR dateTime texts, as told. */
  readonly start?: string | undefined
  readonly end?: string | undefined
}

/** `common`: one person's in the whole country, `local`: one person's at the custodian that tells it. */
export interface PatientIdentifier {
  readonly kind: 'common' | 'local'
  readonly isNational: boolean
  /** As senders write it. */
  readonly system: string
  /** The system under which the value names one person: for help numbers, with their assigner. */
  readonly key: string
  readonly value: string
  readonly assigner?: string | undefined
  readonly start?: string | undefined
  readonly end?: string | undefined
}

export type ReadIdentifier =
  | { readonly ok: true; readonly identifier: PatientIdentifier }
  | {
      readonly ok: false
      readonly problem:
        'incomplete' | 'too-long' | 'not-a-patient’s' | 'no-assigner' | 'no-national-id' | 'no-duf'
    }

/** A national id gets the system of its own kind, whatever it is labelled as. */
export function readPatientIdentifier(
  { system: toldSystem = '', value: toldValue = '', ...rest }: TellingIdentifier,
  rules: NationalIdRules,
): ReadIdentifier {
  const [system, value] = [toldSystem.trim(), toldValue.trim()]
  const problem = refusal(system, value)
  if (problem !== undefined) return { ok: false, problem }
  if (isNationalSystem(system)) return national(value, rules, rest)
  const known = { isNational: false, system, value, ...rest }
  if (system === DUF_SYSTEM)
    return { ok: true, identifier: { kind: 'common', key: system, ...known } }
  const key = identifierKey(system, rest.assigner)
  if (key === undefined) return { ok: false, problem: 'no-assigner' }
  return { ok: true, identifier: { kind: 'local', key, ...known } }
}

function refusal(
  system: string,
  value: string,
): Extract<ReadIdentifier, { ok: false }>['problem'] | undefined {
  if (system === '' || value === '') return 'incomplete'
  if (value.length > LONGEST_VALUE || system.length > LONGEST_SYSTEM) return 'too-long'
  if (OTHERS_SYSTEMS.has(system)) return 'not-a-patient’s'
  return system === DUF_SYSTEM && !/^\d{12}$/.test(value) ? 'no-duf' : undefined
}

function national(
  text: string,
  rules: NationalIdRules,
  rest: Pick<PatientIdentifier, 'assigner' | 'start' | 'end'>,
): ReadIdentifier {
  const parsed = parseNationalId(text, rules)
  if (!parsed.ok) return { ok: false, problem: 'no-national-id' }
  const { system, value } = parsed.id
  return {
    ok: true,
    identifier: { kind: 'common', isNational: true, system, key: system, value, ...rest },
  }
}

/** Undefined for a help number whose assigner is not told: it may be several persons'. */
function identifierKey(system: string, assigner: string | undefined): string | undefined {
  if (system !== HNR_SYSTEM) return system
  const name = assigner?.trim() ?? ''
  return name === '' ? undefined : `${system}${MARK}${name}`
}

/** The system as senders write it. */
export function systemOfKey(key: string): string {
  return key.split(MARK, 1)[0] ?? key
}

const COMMON_ASSIGNERS: Readonly<Record<string, string>> = {
  [NATIONAL_ID_SYSTEMS.fnr]: 'Folkeregisteret',
  [NATIONAL_ID_SYSTEMS.dnr]: 'Folkeregisteret',
  [NATIONAL_ID_SYSTEMS.fh]: 'Norsk helsenett',
  [DUF_SYSTEM]: 'Utlendingsdirektoratet',
}

/** Who gives the ids of a system that the hub knows by itself; undefined for any other. */
export function commonAssigner(system: string): string | undefined {
  return lookup(COMMON_ASSIGNERS, system)
}
