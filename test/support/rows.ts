/** Rows of the registry written without a service, for tests of what storage makes of them. */
import type pg from 'pg'
import { NO_FACTS, type ObjectFacts } from '../../src/domain/access/filter.ts'
import type { OrganizationId, PatientId, StudyUid } from '../../src/kernel/ids.ts'
import { putResource, type WriteResource } from '../../src/storage/resources.ts'
import type { Visibility } from '../../src/storage/visibility-sql.ts'
import type { SearchValues } from '../../src/wire/fhir/search-entries.ts'
import type { Search } from '../../src/wire/fhir/search.ts'

const NO_SEARCH: SearchValues = { keys: [], refs: [], compared: {} }
const ROW_TIME = new Date('2026-06-01T00:00:00.000Z')

export interface TestRow {
  readonly type: string
  readonly id: string
  readonly patient?: string
  readonly custodian?: string
  readonly studies?: readonly string[]
  readonly quarantined?: boolean
  readonly search?: Partial<SearchValues>
  readonly body?: Readonly<Record<string, unknown>>
  readonly at?: Date
}

export function putRow(
  db: Pick<pg.Pool, 'query'>,
  row: TestRow,
  how: WriteResource = { method: 'POST' },
): Promise<number> {
  const { type, id, patient, custodian, studies = [], quarantined = false } = row
  const facts: ObjectFacts = {
    ...NO_FACTS,
    // A Patient's own row is of that patient (storage/visibility-sql.ts).
    patient: (patient ?? (type === 'Patient' ? id : null)) as PatientId | null,
    custodian: (custodian ?? null) as OrganizationId | null,
    studyUids: studies as readonly StudyUid[],
  }
  const resource = { resourceType: type, id, ...row.body }
  const search = { ...NO_SEARCH, ...row.search }
  const at = row.at ?? ROW_TIME
  return putResource(db, { type, id, resource, facts, quarantined, search, at }, how)
}

export function searchOf(type: string, over: Partial<Search> = {}): Search {
  return {
    type,
    conditions: [],
    sort: [],
    count: 100,
    total: 'none',
    countOnly: false,
    include: [],
    revinclude: [],
    understood: [],
    ignored: [],
    confidential: false,
    ...over,
  }
}

/** Sees all of the types. */
export function seeing(...types: readonly string[]): Visibility {
  return new Map(types.map((type) => [type, { kind: 'everything' }]))
}

/** A moment, as an interval of one millisecond. */
export function momentOf(iso: string): { readonly from: Date; readonly until: Date } {
  const from = new Date(iso)
  return { from, until: new Date(from.getTime() + 1) }
}
