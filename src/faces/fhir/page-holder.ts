/** Whom the page links of an answer are for. */
import type { PageHolder } from '../../wire/fhir/page-link.ts'
import { principalOf } from '../request-state.ts'

export function holderOf(req: object): PageHolder {
  const { client, grant } = principalOf(req)
  return { client, grant }
}
