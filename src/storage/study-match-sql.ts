/** One attribute's test as a condition over the rows of the image index. */
import type { MatchTest, QueryMatch } from '../domain/imaging/study-query.ts'
import { lookup } from '../kernel/lookup.ts'

/** Attributes that are columns, by tag. */
const COLUMNS: Readonly<Record<string, string>> = {
  '0020000D': 's.study_uid',
  '0020000E': 'se.series_uid',
  '00080016': 'i.sop_class_uid',
  '00080018': 'i.sop_instance_uid',
}

const ALIASES = { study: 's', series: 'se', instance: 'i' } as const

/** Aliases are those of `searchIndex`: study `s`, its resource `r`, series `se`, instance `i`. */
export function matchSql(match: QueryMatch, values: unknown[]): string {
  const column = lookup(COLUMNS, match.tag)
  if (column !== undefined) return testSql(column, match.test, values)
  if (match.tag === '00080061')
    return `exists (select from unnest(r.modalities) as value where ${testSql('value', match.test, values)})`
  const attribute = `exists (select from ${valuesSql(match)} as value where ${testSql('value', match.test, values)})`
  // The hub's own id of the patient is good as a PatientID (access.md section 5).
  return match.tag === '00100020'
    ? `(${attribute} or (r.patient is not null and ${testSql('r.patient', match.test, values)}))`
    : attribute
}

/** The texts of the element in the JSON model; tags come from our own table, never from a caller. */
function valuesSql({ level, tag, vr }: QueryMatch): string {
  const [first = '', ...deeper] = tag.split('.')
  const steps = [first, ...deeper].map((step) => `."${step}"."Value"[*]`).join('')
  const leaf = vr === 'PN' ? '."Alphabetic"' : ''
  const path = `lax $${steps}${leaf}`
  return `(select one #>> '{}' as value from jsonb_path_query(${ALIASES[level]}.attributes, '${path}') as one)`
}

function testSql(subject: string, test: MatchTest, values: unknown[]): string {
  switch (test.kind) {
    case 'any-of':
      return `${subject} = any($${values.push(test.values)}::text[])`
    case 'wildcard': {
      const operator = test.ignoreCase ? 'ilike' : 'like'
      return `${subject} ${operator} $${values.push(likePattern(test.pattern))}`
    }
    case 'range': {
      const bounds = [
        test.from === undefined ? [] : [`${subject} collate "C" >= $${values.push(test.from)}`],
        test.until === undefined ? [] : [`${subject} collate "C" <= $${values.push(test.until)}`],
      ].flat()
      return bounds.length === 0 ? 'true' : `(${bounds.join(' and ')})`
    }
  }
}

/** PS3.4 section C.2.2.2.4 in the signs of LIKE. */
function likePattern(pattern: string): string {
  return pattern
    .replace(/[\\%_]/g, String.raw`\$&`)
    .replaceAll('*', '%')
    .replaceAll('?', '_')
}
