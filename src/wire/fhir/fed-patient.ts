/** A Patient as an identity source sends it (PIXm ITI-104): its identifiers, whom it stands for, and the rest. */
import type { NationalIdRules } from '../../domain/identity/national-id.ts'
import {
  readPatientIdentifier,
  type PatientIdentifier,
  type ReadIdentifier,
} from '../../domain/identity/patient-identifier.ts'
import type { Problem } from '../../kernel/errors.ts'
import { isJsonObject, listOf, textOf, valuesAt, type JsonObject } from './json.ts'

/** Another Patient, by the hub's id or by an identifier that finds it. */
export type OtherPatient =
  | { readonly kind: 'reference'; readonly id: string }
  | {
      readonly kind: 'identifier'
      readonly identifier: Pick<PatientIdentifier, 'kind' | 'key' | 'value'>
    }

export interface FedPatient {
  readonly identifiers: readonly PatientIdentifier[]
  readonly replacedBy?: OtherPatient | undefined
  readonly replaces: readonly OtherPatient[]
  /** Absent where the sender does not say. */
  readonly active?: boolean | undefined
  /** What everybody who sees the Patient may see: without identifiers and links, which the hub keeps. */
  readonly rest: JsonObject
  readonly problems: readonly Problem[]
}

export interface FedPatientOptions {
  readonly rules: NationalIdRules
  /** The FHIR base address. */
  readonly base: string
}

/** A person has some; a sender with more than these is mistaken. */
const MOST_IDENTIFIERS = 50
const MOST_LINKS = 10

/** Reads all of it: what is wrong is in `problems`. */
export function readFedPatient(resource: JsonObject, options: FedPatientOptions): FedPatient {
  const problems: Problem[] = []
  const told = listOf(resource.identifier)
  if (told.length > MOST_IDENTIFIERS)
    problems.push({ location: 'Patient.identifier', text: `More than ${MOST_IDENTIFIERS}` })
  const identifiers = told.slice(0, MOST_IDENTIFIERS).flatMap((one, at) => {
    const read = readIdentifier(one, options.rules)
    if (read.ok) return [read.identifier]
    problems.push({ location: `Patient.identifier[${at}]`, text: PROBLEM_TEXTS[read.problem] })
    return []
  })
  const links = readLinks(resource, options, problems)
  return {
    identifiers,
    replacedBy: links.find(({ type }) => type === 'replaced-by')?.other,
    replaces: links.filter(({ type }) => type === 'replaces').map(({ other }) => other),
    active: typeof resource.active === 'boolean' ? resource.active : undefined,
    rest: withoutHubs(resource),
    problems,
  }
}

type IdentifierProblem = Extract<ReadIdentifier, { readonly ok: false }>['problem']

const PROBLEM_TEXTS: Readonly<Record<IdentifierProblem, string>> = {
  incomplete: 'Needs a system and a value',
  'too-long': 'Is longer than any identifier of a person',
  'not-a-patient’s': 'Names health personnel or an organisation, no patient',
  'no-assigner': 'A local help number needs its assigner, with an identifier or a display',
  'no-national-id': 'Is no personal number of the population that this hub serves',
  'no-duf': 'A DUF number has twelve digits',
}

/** An Identifier, read by what it is good for. */
export function readIdentifier(value: unknown, rules: NationalIdRules): ReadIdentifier {
  if (!isJsonObject(value)) return { ok: false, problem: 'incomplete' }
  const period = isJsonObject(value.period) ? value.period : {}
  return readPatientIdentifier(
    {
      system: textOf(value.system),
      value: textOf(value.value),
      assigner: assignerOf(value),
      start: textOf(period.start),
      end: textOf(period.end),
    },
    rules,
  )
}

/** The number of the assigning organisation, or its name. */
function assignerOf(identifier: JsonObject): string | undefined {
  const numbers = valuesAt(identifier, 'assigner.identifier.value')
  const names = valuesAt(identifier, 'assigner.display')
  return textOf(numbers[0])?.slice(0, 256) ?? textOf(names[0])?.slice(0, 256)
}

interface ReadLink {
  readonly type: string
  readonly other: OtherPatient
}

function readLinks(
  resource: JsonObject,
  options: FedPatientOptions,
  problems: Problem[],
): readonly ReadLink[] {
  const links = listOf(resource.link).slice(0, MOST_LINKS)
  const read = links.flatMap((link, at) => {
    const location = `Patient.link[${at}]`
    const type = isJsonObject(link) ? textOf(link.type) : undefined
    if (type !== 'replaced-by' && type !== 'replaces') {
      problems.push({ location, text: 'Is kept for replaced-by and replaces alone' })
      return []
    }
    const [other] = isJsonObject(link) ? valuesAt(link, 'other') : []
    const found = readOther(other, options)
    if (found !== undefined) return [{ type, other: found }]
    problems.push({ location: `${location}.other`, text: 'Names no Patient of this hub' })
    return []
  })
  if (read.filter(({ type }) => type === 'replaced-by').length > 1)
    problems.push({ location: 'Patient.link', text: 'One Patient stands for another, not several' })
  return read
}

function readOther(other: unknown, { rules, base }: FedPatientOptions): OtherPatient | undefined {
  if (!isJsonObject(other)) return undefined
  const reference = textOf(other.reference)
  if (reference !== undefined) {
    const local = reference.startsWith(`${base}/`) ? reference.slice(base.length + 1) : reference
    const [, id] = /^Patient\/([A-Za-z0-9.-]{1,64})$/.exec(local) ?? []
    return id === undefined ? undefined : { kind: 'reference', id }
  }
  const read = readIdentifier(other.identifier, rules)
  return read.ok ? { kind: 'identifier', identifier: read.identifier } : undefined
}

/** Who manages the patient would tell who examines the person. */
const HUBS_OWN: ReadonlySet<string> = new Set([
  'resourceType',
  'id',
  'identifier',
  'active',
  '_active',
  'link',
  'managingOrganization',
])

function withoutHubs(resource: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(resource).filter(([name]) => !HUBS_OWN.has(name)))
}

/** Identifiers of the whole country's that the Patient is shown with: known ones first, each with what is new of it. */
export function commonIdentifiers(
  known: readonly unknown[],
  told: readonly PatientIdentifier[],
): readonly unknown[] {
  const common = told.filter(({ kind }) => kind === 'common')
  const kept = known.map((one) => {
    const again = common.find((other) => isSame(one, other))
    return again === undefined || !isJsonObject(one) ? one : { ...one, ...partsOf(again) }
  })
  const added = common
    .filter((one) => !known.some((other) => isSame(other, one)))
    .map((one) => ({
      use: one.end === undefined ? 'official' : 'old',
      system: one.system,
      value: one.value,
      ...partsOf(one),
    }))
  return [...kept, ...added]
}

function isSame(identifier: unknown, { system, value }: PatientIdentifier): boolean {
  return isJsonObject(identifier) && identifier.system === system && identifier.value === value
}

function partsOf({ start, end, assigner }: PatientIdentifier): JsonObject {
  const period = { ...(start !== undefined && { start }), ...(end !== undefined && { end }) }
  return {
    ...((start ?? end) !== undefined && { period }),
    ...(assigner !== undefined && { assigner: { display: assigner } }),
    ...(end !== undefined && { use: 'old' }),
  }
}
