/** The decision on `read-audit` in the words of the log, whose events are several members' at once. */
import type { AccessFilter } from '../domain/access/filter.ts'
import type { Principal } from '../domain/access/principal.ts'
import type { Visibility } from '../storage/visibility-sql.ts'
import type { Sight } from './decide-sight.ts'

/**
 * A member sees what it asked for and what others did with its material. A filter that shows nothing (a
 * requester's token, which is for one patient) shows none of the log either. Other types stay as they are.
 */
export function auditVisibility({ visibility }: Sight, principal: Principal): Visibility {
  const filter = visibility.get('AuditEvent')
  if (filter === undefined) return visibility
  const own: AccessFilter =
    filter.kind === 'nothing' ? filter : { kind: 'custodian', in: [principal.member] }
  return new Map([...visibility, ['AuditEvent', own]])
}
