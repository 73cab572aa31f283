/** The network of the demo as data: who takes part, with which systems, people and archives. */
import { scopeOf } from '../domain/access/scopes.ts'
import type { Action, MemberRole } from '../domain/access/principal.ts'
import type { ArchiveHealth } from './archive.ts'
import { syntheticNationalId, syntheticOrgnr } from './synthetic-ids.ts'

export type MemberKey =
  'nordfjell' | 'vestli' | 'kystlandet' | 'solvik' | 'innbygger' | 'samsyn-drift'

export interface DemoMember {
  readonly key: MemberKey
  readonly name: string
  readonly orgnr: string
  /** Organisation number of the unit where its people work. */
  readonly unit: string
  readonly roles: readonly MemberRole[]
}

export interface DemoClient {
  readonly id: string
  readonly member: MemberKey
  readonly name: string
  readonly scope: string
}

export interface DemoUser {
  readonly username: string
  readonly password: string
  readonly name: string
  readonly nationalId: string
  readonly hpr: string
  readonly member: MemberKey
  /** Volven 9060: LE physician, RA radiographer. */
  readonly role: string
}

export interface DemoSource {
  readonly key: string
  readonly name: string
  readonly custodian: MemberKey
  readonly health: ArchiveHealth
  /** False for an archive that does not say whose patient ids it holds: the source record does. */
  readonly namesIssuer: boolean
}

const TRUST: readonly MemberRole[] = ['clinical', 'publisher', 'privacy-officer']

export const MEMBERS: readonly DemoMember[] = [
  {
    key: 'nordfjell',
    name: 'Nordfjell universitetssykehus HF',
    orgnr: syntheticOrgnr(410),
    unit: syntheticOrgnr(411_000),
    roles: TRUST,
  },
  {
    key: 'vestli',
    name: 'Vestli sykehus HF',
    orgnr: syntheticOrgnr(420),
    unit: syntheticOrgnr(421_000),
    roles: TRUST,
  },
  {
    key: 'kystlandet',
    name: 'Sykehuset Kystlandet HF',
    orgnr: syntheticOrgnr(430),
    unit: syntheticOrgnr(431_000),
    roles: TRUST,
  },
  {
    key: 'solvik',
    name: 'Solvik Røntgeninstitutt AS',
    orgnr: syntheticOrgnr(440),
    unit: syntheticOrgnr(441_000),
    roles: ['clinical', 'publisher'],
  },
  {
    key: 'innbygger',
    name: 'Innbyggertjenesten',
    orgnr: syntheticOrgnr(450),
    unit: syntheticOrgnr(451_000),
    roles: ['consent-recorder'],
  },
  {
    key: 'samsyn-drift',
    name: 'Samsyn driftssenter',
    orgnr: syntheticOrgnr(460),
    unit: syntheticOrgnr(461_000),
    roles: ['operator'],
  },
]

const CLINICIAN: readonly Action[] = ['identify', 'find', 'read-report', 'view-images']
const PUBLISHER: readonly Action[] = ['publish', 'find', 'read-report', 'view-images']
const OFFICER: readonly Action[] = ['identify', 'read-audit', 'read-consent', 'record-consent']
const RECORDER: readonly Action[] = ['identify', 'record-consent', 'read-consent']

export const CLIENTS: readonly DemoClient[] = [
  client('nordfjell-epj', 'nordfjell', 'Pasientjournal', CLINICIAN),
  client('vestli-epj', 'vestli', 'Pasientjournal', CLINICIAN),
  client('kystlandet-epj', 'kystlandet', 'Pasientjournal', CLINICIAN),
  client('solvik-epj', 'solvik', 'Pasientjournal', CLINICIAN),
  client('nordfjell-ris', 'nordfjell', 'Røntgensystem', PUBLISHER),
  client('vestli-ris', 'vestli', 'Røntgensystem', PUBLISHER),
  client('kystlandet-ris', 'kystlandet', 'Røntgensystem', PUBLISHER),
  client('solvik-ris', 'solvik', 'Røntgensystem', PUBLISHER),
  client('nordfjell-personvern', 'nordfjell', 'Personvernombud', OFFICER),
  client('vestli-personvern', 'vestli', 'Personvernombud', OFFICER),
  client('kystlandet-personvern', 'kystlandet', 'Personvernombud', OFFICER),
  client('innbygger-sperring', 'innbygger', 'Sperringstjeneste', RECORDER),
  client('samsyn-drift', 'samsyn-drift', 'Driftskonsoll', ['operate', 'read-directory']),
]

function client(
  id: string,
  member: MemberKey,
  name: string,
  actions: readonly Action[],
): DemoClient {
  const directory: readonly Action[] = [...actions, 'read-directory']
  return { id, member, name, scope: [...new Set(directory)].map(scopeOf).join(' ') }
}

export const USERS: readonly DemoUser[] = [
  user('kari.nordmo', 'Kari Nordmo', 'nordfjell', ['1976-02-11', 140]),
  user('aase.fjell', 'Åse Fjell', 'nordfjell', ['1988-09-30', 260]),
  user('olav.vestby', 'Olav Vestby', 'vestli', ['1969-06-04', 310]),
  user('siri.kyst', 'Siri Kystad', 'kystlandet', ['1981-11-23', 120]),
  user('jon.solvik', 'Jon Solvik', 'solvik', ['1973-04-17', 210]),
]

/** Made-up HPR numbers: they have no check digit, and these are outside the series in use. */
function user(
  username: string,
  name: string,
  member: MemberKey,
  [birthDate, individual]: readonly [string, number],
): DemoUser {
  const nationalId = syntheticNationalId(birthDate, individual)
  const hpr = `5650${String(individual).padStart(5, '0')}`
  return { username, password: 'samsyn', name, nationalId, hpr, member, role: 'LE' }
}

export const SOURCES: readonly DemoSource[] = [
  {
    key: 'nordfjell-pacs',
    name: 'Nordfjell PACS',
    custodian: 'nordfjell',
    health: { kind: 'normal' },
    namesIssuer: true,
  },
  {
    key: 'vestli-pacs',
    name: 'Vestli PACS (treg)',
    custodian: 'vestli',
    health: { kind: 'slow', delayMs: 400 },
    namesIssuer: false,
  },
  {
    key: 'kystlandet-pacs',
    name: 'Kystlandet PACS (av og til nede)',
    custodian: 'kystlandet',
    health: { kind: 'moody', upMs: 150_000, downMs: 30_000 },
    namesIssuer: true,
  },
]
