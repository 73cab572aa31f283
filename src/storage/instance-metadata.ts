/** DICOM JSON metadata of deposited instances, kept ready since they arrived. */
import type { ImagingStudyId, InstanceUid } from '../kernel/ids.ts'
import type { Db } from './db.ts'

const READ_METADATA = `
select i.sop_instance_uid, i.metadata
from unnest($2::text[]) with ordinality as wanted (uid, place)
join instance i on i.sop_instance_uid = wanted.uid and i.imaging_study = $1
where i.metadata is not null
order by wanted.place`

export interface StoredMetadata {
  readonly instance: InstanceUid
  /** JSON text, gzip. */
  readonly gzip: Buffer
}

/** In the order asked for; an instance that is gone by now is missing. */
export async function readMetadata(
  db: Db,
  imagingStudy: ImagingStudyId,
  instances: readonly InstanceUid[],
): Promise<readonly StoredMetadata[]> {
  const { rows } = await db.query<{ sop_instance_uid: InstanceUid; metadata: Buffer }>({
    name: 'read-metadata',
    text: READ_METADATA,
    values: [imagingStudy, instances],
  })
  return rows.map((row) => ({ instance: row.sop_instance_uid, gzip: row.metadata }))
}
