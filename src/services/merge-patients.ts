/**
 * Two Patients that are one person: all of the one's becomes the other's, in the caller's transaction, and
 * what was moved is written down, so that exactly this can be taken back. Blocks of both apply from then
 * on, because both are the survivor's.
 */
import { randomUUID } from 'node:crypto'
import type { PoolClient } from 'pg'
import { HubError } from '../kernel/errors.ts'
import type { OrganizationId, PatientId } from '../kernel/ids.ts'
import type { JournalledChange } from '../storage/access-changes.ts'
import { lockPatients, type LockedPatient } from '../storage/patient-locks.ts'
import {
  findMerge,
  followSurvivor,
  insertMerge,
  listLiveGrants,
  moveRows,
  rememberResource,
} from '../storage/patient-merges.ts'
import { lockPatientRows } from '../storage/patient-rows.ts'
import { isJsonObject, type JsonObject } from '../wire/fhir/json.ts'
import { replacedPatient, survivingPatient } from '../wire/fhir/linked-patient.ts'
import { parseJsonText } from '../wire/fhir/parse-json.ts'
import { moveResource } from './move-resource.ts'
import { storePatient } from './store-patient.ts'

export interface MergeRequest {
  readonly replaced: PatientId
  readonly survivor: PatientId
  readonly at: Date
  /** Who says so, for the record of the merge. */
  readonly by: string
  /** Absent: the replaced record is stored as well. `caller`: who asks stores it, as `record`. */
  readonly storing?: 'caller' | undefined
}

export interface LinkedPatients {
  /** False where they were linked already. */
  readonly changed: boolean
  /** To be announced as the last thing before the commit. */
  readonly changes: readonly JournalledChange[]
  /** Whose material now has another patient. */
  readonly custodians: readonly OrganizationId[]
}

export interface MergedPatients extends LinkedPatients {
  /** The replaced Patient as it is to be. */
  readonly record: JsonObject
}

/**
 * Throws `unprocessable` for a Patient and itself, `not-found` where one is not there, and `conflict` where
 * one of them has been replaced by another already: so there are no circles.
 */
export async function mergePatients(
  db: PoolClient,
  request: MergeRequest,
): Promise<MergedPatients> {
  const { replaced, survivor, at, by } = request
  if (replaced === survivor)
    throw new HubError('unprocessable', 'A Patient cannot be replaced by itself')
  const locked = await lockPatients(db, [replaced, survivor])
  const known = await findMerge(db, replaced)
  if (known?.survivor === survivor) return unchanged(locked, replaced)
  const [old, kept] = [findCurrent(locked, replaced), findCurrent(locked, survivor)]
  const { patient, given } = survivingPatient(kept, old)
  const wasActive = typeof old.active === 'boolean' ? old.active : null
  const merge = { id: randomUUID(), replaced, survivor, mergedAt: at, wasActive, given }
  await insertMerge(db, merge, by)
  await followSurvivor(db, { from: replaced, to: survivor })
  const grants = await listLiveGrants(db, replaced, at)
  await moveRows(db, merge)
  const custodians = await moveResources(db, merge)
  const record = replacedPatient(old, survivor)
  if (request.storing === undefined)
    await storePatient(db, record, { id: replaced, current: survivor, at, method: 'PUT' })
  await storePatient(db, patient, { id: survivor, at, method: 'PUT' })
  return { changed: true, changes: changesOf(request, grants), custodians, record }
}

/** Found anew until none is left: a writer that was ahead may have added one while others were waited for. */
async function moveResources(
  db: PoolClient,
  merge: {
    readonly id: string
    readonly replaced: PatientId
    readonly survivor: PatientId
    readonly mergedAt: Date
  },
): Promise<readonly OrganizationId[]> {
  const move = { from: merge.replaced, to: merge.survivor, at: merge.mergedAt }
  const custodians = new Set<OrganizationId>()
  let moved = -1
  while (moved !== 0) {
    moved = 0
    for await (const row of lockPatientRows(db, merge.replaced)) {
      const places = await moveResource(db, row, move)
      await rememberResource(db, merge.id, { reference: `${row.type}/${row.id}`, places })
      if (row.facts.custodian !== null) custodians.add(row.facts.custodian)
      moved += 1
    }
  }
  return [...custodians].toSorted()
}

function unchanged(locked: readonly LockedPatient[], replaced: PatientId): MergedPatients {
  return { changed: false, changes: [], custodians: [], record: contentOf(locked, replaced) }
}

function findCurrent(locked: readonly LockedPatient[], id: PatientId): JsonObject {
  const patient = contentOf(locked, id)
  const found = locked.find((one) => one.id === id)
  if (found?.current === id) return patient
  const current = String(found?.current)
  throw new HubError('conflict', `Patient/${id} has been replaced by Patient/${current}`)
}

/** Throws `not-found` for one that is not there, or was deleted. */
export function contentOf(locked: readonly LockedPatient[], id: PatientId): JsonObject {
  const patient = parseJsonText(locked.find((one) => one.id === id)?.content ?? 'null')
  if (isJsonObject(patient)) return patient
  throw new HubError('not-found', `There is no Patient/${id}`)
}

/** Whoever sees the one or the other is decided about anew, on every node. */
export function changesOf(
  { replaced, survivor }: Pick<MergeRequest, 'replaced' | 'survivor'>,
  grants: readonly { readonly id: string }[],
): readonly JournalledChange[] {
  return [
    { kind: 'patient', key: replaced },
    { kind: 'patient', key: survivor },
    ...grants.map(({ id }) => ({ kind: 'grant', key: id }) as const),
  ]
}
