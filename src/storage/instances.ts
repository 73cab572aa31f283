/** The index's instances and the landing files that hold deposited ones. */
import type { DicomJson } from '../domain/imaging/study.ts'
import type { ImagingStudyId, InstanceUid, OrganizationId, SeriesUid } from '../kernel/ids.ts'
import type { Db } from './db.ts'

export interface HeldInstance {
  readonly instance: InstanceUid
  readonly imagingStudy: ImagingStudyId
  readonly series: SeriesUid
  /** Of the deposited bytes; null for an instance held at a source. */
  readonly sha256: Buffer | null
}

const FIND_HELD = `
select sop_instance_uid as instance, imaging_study as "imagingStudy", series_uid as series, sha256
from instance where custodian = $1 and sop_instance_uid = any($2::text[])`

/** Those of `instances` that the custodian has in the index already. */
export async function findHeldInstances(
  db: Db,
  custodian: OrganizationId,
  instances: readonly InstanceUid[],
): Promise<readonly HeldInstance[]> {
  const { rows } = await db.query<HeldInstance>({
    name: 'find-held-instances',
    text: FIND_HELD,
    values: [custodian, instances],
  })
  return rows
}

// An instance held at a source is told anew by its source, or becomes a deposited one; a deposited one stays.
const PUT_INSTANCES = `
insert into instance (custodian, imaging_study, received_at, sop_instance_uid, series_uid, sop_class_uid,
  instance_number, transfer_syntax_uid, attributes, landing, landing_offset, bytes, sha256, metadata)
select $1, $2, $3, * from unnest($4::text[], $5::text[], $6::text[], $7::integer[], $8::text[], $9::jsonb[],
  $10::uuid[], $11::bigint[], $12::bigint[], $13::bytea[], $14::bytea[])
on conflict (custodian, sop_instance_uid) do update set
  series_uid = excluded.series_uid, sop_class_uid = excluded.sop_class_uid,
  instance_number = excluded.instance_number,
  transfer_syntax_uid = coalesce(excluded.transfer_syntax_uid, instance.transfer_syntax_uid),
  attributes = excluded.attributes, landing = excluded.landing, landing_offset = excluded.landing_offset,
  bytes = excluded.bytes, sha256 = excluded.sha256, metadata = excluded.metadata
where instance.landing is null and instance.imaging_study = excluded.imaging_study`

export interface NewInstance {
  readonly instance: InstanceUid
  readonly series: SeriesUid
  readonly sopClass: string
  readonly number: number | undefined
  readonly transferSyntax: string | undefined
  readonly attributes: DicomJson
  readonly deposited?:
    | {
        readonly landing: string
        readonly offset: number
        readonly bytes: number
        readonly sha256: Uint8Array
        readonly metadata: Uint8Array
      }
    | undefined
}

export interface Owner {
  readonly custodian: OrganizationId
  readonly imagingStudy: ImagingStudyId
  readonly at: Date
}

/**
 * Returns how many rows were written: fewer than given where the custodian already has one of them
 * deposited, or in another study.
 */
export async function putInstances(
  db: Db,
  owner: Owner,
  rows: readonly NewInstance[],
): Promise<number> {
  const { rowCount } = await db.query({
    name: 'put-instances',
    text: PUT_INSTANCES,
    values: [
      owner.custodian,
      owner.imagingStudy,
      owner.at,
      rows.map(({ instance }) => instance),
      rows.map(({ series }) => series),
      rows.map(({ sopClass }) => sopClass),
      rows.map(({ number }) => number ?? null),
      rows.map(({ transferSyntax }) => transferSyntax ?? null),
      rows.map(({ attributes }) => JSON.stringify(attributes)),
      rows.map(({ deposited }) => deposited?.landing ?? null),
      rows.map(({ deposited }) => deposited?.offset ?? null),
      rows.map(({ deposited }) => deposited?.bytes ?? null),
      rows.map(({ deposited }) => bytea(deposited?.sha256)),
      rows.map(({ deposited }) => bytea(deposited?.metadata)),
    ],
  })
  return rowCount ?? 0
}

function bytea(bytes: Uint8Array | undefined): Buffer | null {
  return bytes === undefined ? null : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

const SHARES_INSTANCE = `
select exists (
  select from instance theirs where theirs.imaging_study = any($2::text[]) and theirs.sop_instance_uid = any($3::text[])
) or exists (
  select from instance own join instance theirs using (sop_instance_uid)
  where own.imaging_study = $1 and theirs.imaging_study = any($2::text[])
) as shares`

/** Whether one of `told`, or an instance that the copy has already, is in one of the other copies. */
export async function sharesInstance(
  db: Db,
  imagingStudy: ImagingStudyId,
  { others, told }: { readonly others: readonly string[]; readonly told: readonly InstanceUid[] },
): Promise<boolean> {
  const values = [imagingStudy, others, told]
  const { rows } = await db.query<{ shares: boolean }>(SHARES_INSTANCE, values)
  return rows[0]?.shares === true
}

const INSERT_LANDING = `
insert into landing (id, bytes, created_at) values ($1, $2, $3) on conflict (id) do nothing`

/** Makes a committed landing file exist, in the transaction that writes its instances; once is enough. */
export async function insertLanding(
  db: Db,
  landing: { readonly id: string; readonly bytes: number; readonly at: Date },
): Promise<void> {
  await db.query(INSERT_LANDING, [landing.id, landing.bytes, landing.at])
}

const KNOWN_LANDINGS = `select id::text from landing where id = any($1::uuid[])`

/** Which of `ids` the index knows: what the object store's sweep asks. */
export async function knownLandings(db: Db, ids: readonly string[]): Promise<ReadonlySet<string>> {
  const { rows } = await db.query<{ id: string }>(KNOWN_LANDINGS, [ids])
  return new Set(rows.map(({ id }) => id))
}
