/** The audit log as it was written, for those who keep or analyse it elsewhere. */
import type { Pool } from 'pg'
import { readAuditLog } from '../storage/search-audit-events.ts'

/** JSON text of each event from the sequence number `from` on, in the log's order, a page in memory at a time. */
export async function* exportAudit(pool: Pool, from: number): AsyncGenerator<string> {
  for await (const events of readAuditLog(pool, from)) {
    for (const { content } of events) yield content
  }
}
