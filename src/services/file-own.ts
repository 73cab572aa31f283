/** A member's own Group, Basic or ResearchSubject: nobody else sees it, whoever it is about. */
import { NO_FACTS } from '../domain/access/filter.ts'
import { searchValues } from '../wire/fhir/search-values.ts'
import type { ToRow } from './write-request.ts'

export const fileOwn: ToRow = (_db, { access, resource, id, at }) =>
  Promise.resolve({
    type: String(resource.resourceType),
    id,
    resource,
    facts: { ...NO_FACTS, custodian: access.principal.member },
    quarantined: false,
    search: searchValues(resource),
    at,
  })
