/** What may be done at an address: the Allow header of OPTIONS and of a 405 (RFC 9110 sections 9.3.7 and 15.5.6). */
import type { RequestHandler } from 'express'
import { servedType, type Interaction } from '../../services/served-types-table.ts'

type Row = readonly [method: string, interaction: Interaction]

const ON_TYPE: readonly Row[] = [
  ['GET', 'search-type'],
  ['HEAD', 'search-type'],
  ['POST', 'create'],
]
/** With a condition in place of an id. */
const ON_CONDITION: readonly Row[] = [
  ['PUT', 'update'],
  ['PATCH', 'patch'],
  ['DELETE', 'delete'],
]
const ON_INSTANCE: readonly Row[] = [['GET', 'read'], ['HEAD', 'read'], ...ON_CONDITION]

const READING = 'GET, HEAD, OPTIONS'

/** `path` is relative to the base. */
export function allowedMethods(path: string): string {
  const [type = '', second, third] = path.split('/').filter((segment) => segment !== '')
  if (type === '') return 'POST, OPTIONS'
  if (type === 'metadata' || second === '_history' || third !== undefined) return READING
  if (second === '_search') return 'POST, OPTIONS'
  const served = servedType(type)
  if (served === undefined) return READING
  const onType = served.conditional ? [...ON_TYPE, ...ON_CONDITION] : ON_TYPE
  const rows = second === undefined ? onType : ON_INSTANCE
  const methods = rows.flatMap(([method, one]) => (served.interactions.has(one) ? [method] : []))
  return [...methods, 'OPTIONS'].join(', ')
}

export function options(): RequestHandler {
  return function options(req, res) {
    res.setHeader('Allow', allowedMethods(req.path))
    res.status(204).end()
  }
}
