/** What a study takes on the disk with its report and the indexes of both. */
import type { BenchLine } from '../bench-line.ts'
import type { World } from './world.ts'

const SIZES = `
select c.relname as name, pg_table_size(c.oid) as heap, pg_indexes_size(c.oid) as indexes,
       greatest(c.reltuples, 0)::float8 as rows
  from pg_class c join pg_namespace n on n.oid = c.relnamespace
 where n.nspname = 'public' and c.relkind = 'r' and pg_total_relation_size(c.oid) > 1000000
 order by pg_total_relation_size(c.oid) desc`

interface Relation {
  readonly name: string
  readonly heap: number
  readonly indexes: number
  readonly rows: number
}

const COUNTED = ['resource_imaging_study', 'resource_report']
const MARK = 2_500

export async function benchSize(
  { pool, studies }: World,
  tell: (text: string) => void,
): Promise<BenchLine> {
  const { rows: relations } = await pool.query<Relation>(SIZES)
  for (const { name, heap, indexes, rows } of relations)
    tell(
      `${name.padEnd(26)} ${rows.toFixed(0).padStart(10)} rows ` +
        `${megabytes(heap)} MB rows ${megabytes(indexes)} MB indexes`,
    )
  const bytes = relations
    .filter(({ name }) => COUNTED.includes(name))
    .reduce((sum, { heap, indexes }) => sum + heap + indexes, 0)
  const each = bytes / studies
  return {
    name: 'bytes of a study with its report and indexes',
    mark: `<= ${MARK}`,
    value: each.toFixed(0),
    cpuMs: '-',
    pass: each <= MARK,
  }
}

const megabytes = (bytes: number): string => (bytes / 1e6).toFixed(1).padStart(9)
