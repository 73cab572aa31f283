/** A registry's content: rows of every type that refer to one another, with what the registry knows beside them. */
import fc from 'fast-check'
import { TYPES } from '../oracle/definitions.ts'
import type { Resource } from '../oracle/elements.ts'
import { isPatientColumn } from '../oracle/match.ts'
import { targetsOf, type Row } from '../oracle/world.ts'
import { resourceOf } from './resources.ts'

export const MEMBERS = ['organization-0', 'organization-1', 'organization-2'] as const

export interface Size {
  readonly seed: number
  readonly base: string
  /** Rows of each type. */
  readonly each: number
}

const OF_MEMBERS =
  'ImagingStudy DiagnosticReport Observation ServiceRequest Task DocumentReference List Binary ResearchSubject Group Basic Consent'.split(
    ' ',
  )
const START = Date.parse('2026-01-01T00:00:00.000Z')

export function makeRows({ seed, base, each }: Size): readonly Row[] {
  const ids = (type: string): readonly string[] =>
    // One more than there are: that reference leads nowhere.
    Array.from({ length: each + 1 }, (_, at) => idOf(type, at))
  return TYPES.flatMap((type, nth) => {
    const resources = fc.sample(resourceOf(type, { base, idsOf: ids }), {
      seed: seed + nth,
      numRuns: each,
    })
    const beside = fc.sample(BESIDE, { seed: seed - nth - 1, numRuns: each })
    return resources.map((members, at) => {
      const resource = plain({ ...members, resourceType: type, id: idOf(type, at) })
      return rowOf(
        type === 'Provenance' || type === 'AuditEvent' ? ofOne(resource, base) : resource,
        {
          base,
          ...(beside[at] ?? { minute: 0, custodian: undefined, hidden: undefined }),
        },
      )
    })
  })
}

/** Events are known by UUIDs. */
function idOf(type: string, at: number): string {
  return type === 'AuditEvent'
    ? `00000000-0000-4000-8000-${String(at).padStart(12, '0')}`
    : `${type.toLowerCase()}-${at}`
}

interface Beside {
  readonly minute: number
  readonly custodian: string | undefined
  readonly hidden: Row['hidden']
}

const BESIDE: fc.Arbitrary<Beside> = fc.record({
  // Some at the same moment.
  minute: fc.nat(60),
  custodian: fc.constantFrom(...MEMBERS),
  hidden: fc.oneof(
    { weight: 18, arbitrary: fc.constant(undefined) },
    { weight: 1, arbitrary: fc.constant('quarantined' as const) },
    { weight: 1, arbitrary: fc.constant('deleted' as const) },
  ),
})

function rowOf(
  resource: Resource,
  { base, minute, custodian, hidden }: Beside & { base: string },
): Row {
  const { resourceType: type, id } = resource
  const row: Row = { type, id, resource, at: new Date(START + minute * 61_003) }
  if (type === 'AuditEvent')
    return {
      ...row,
      resource: { ...resource, recorded: row.at.toISOString() },
      custodian,
      patient: patientOf(row, base),
    }
  return {
    ...row,
    hidden,
    custodian: OF_MEMBERS.includes(type) ? custodian : undefined,
    patient: type === 'Patient' ? id : patientOf(row, base),
  }
}

function patientOf(row: Row, base: string): string | undefined {
  if (!isPatientColumn(row.type, 'patient')) return undefined
  const [first] = targetsOf(row, 'patient', base)
  return first?.replace('Patient/', '')
}

/** As JSON carries it. */
function plain(resource: object): Resource {
  return JSON.parse(JSON.stringify(resource)) as Resource
}

/** What the hub writes itself is of one patient, of whom the agents are none, and names its own without their base. */
function ofOne(written: Resource, base: string): Resource {
  const resource = plain(JSON.parse(JSON.stringify(written).replaceAll(`${base}/`, '')) as object)
  let found = false
  const isOther = (reference: unknown): boolean => {
    if (!/(?:^|\/)Patient\//.test(String(reference))) return false
    const other = found
    found = true
    return other
  }
  const without = (list: readonly any[] = []) =>
    list.filter((one) => !isOther((one.what ?? one).reference))
  const agent = resource.agent?.filter(
    (one: any) => !String(one.who?.reference).includes('Patient/'),
  )
  return {
    ...resource,
    ...(agent !== undefined && agent.length > 0 ? { agent } : { agent: [{ requestor: true }] }),
    ...(resource.target !== undefined && { target: without(resource.target) }),
    ...(resource.entity !== undefined && { entity: without(resource.entity) }),
  }
}
