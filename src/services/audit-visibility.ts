/** The decision on `read-audit` in the words of the log, which is no table of resources. */
import type { Principal } from '../domain/access/principal.ts'
import type { AuditVisibility } from '../storage/search-audit-events.ts'
import type { Sight } from './decide-sight.ts'

/**
 * A member sees what it asked for and what others did with its material. A filter that shows nothing (a
 * requester's token, which is for one patient) shows none of the log either.
 */
export function auditVisibility({ visibility }: Sight, principal: Principal): AuditVisibility {
  const filter = visibility.get('AuditEvent')
  const ids = filter === undefined || filter.kind === 'nothing' ? [] : [principal.member]
  return { kind: 'organizations', ids }
}
