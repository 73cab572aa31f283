/** Administration on a real database, its acts collected instead of written to the audit log. */
import type { TestContext } from 'node:test'
import type { AuditRecord } from '../../src/domain/audit/event.ts'
import { makeSealer } from '../../src/kernel/seal.ts'
import type { Administration, Operator } from '../../src/services/administration.ts'
import { makeAdministration } from '../../src/services/make-administration.ts'
import { makeDicomwebSources } from '../../src/sources/dicomweb.ts'
import { makeEgress } from '../../src/sources/egress.ts'
import { createDatabase, type TestDatabase } from './database.ts'

export const OPERATOR: Operator = { context: { requestId: 'request-1', channel: 'command-line' } }

export interface TestAdministration {
  readonly administration: Administration
  readonly database: TestDatabase
  /** What was logged, in order. */
  readonly logged: readonly AuditRecord[]
  /** From now on nothing can be logged. */
  readonly breakLog: () => void
}

export async function startAdministration(t: TestContext): Promise<TestAdministration> {
  const database = await createDatabase(t)
  const egress = makeEgress({ allow: ['loopback'], answerWithin: 2000 })
  t.after(() => egress.close())
  const logged: AuditRecord[] = []
  let broken = false
  const administration = makeAdministration({
    pool: database.pool,
    recordAudit: async (record) => {
      if (broken) throw new Error('The log is broken')
      logged.push(record)
    },
    clock: () => new Date('2026-11-25T10:00:00Z'),
    dicomWeb: 'https://hub.example/dicom-web',
    sealer: makeSealer(Buffer.alloc(32, 1)),
    rules: { environment: 'development' },
    settleMs: 10_000,
    timeZone: 'Europe/Oslo',
    openSource: makeDicomwebSources(egress),
    checkEgress: (url) => {
      egress.check(url)
    },
    syncSource: async (_id, { onStudy }) => {
      onStudy?.(1, 1)
      return { studies: 1, series: 2, instances: 3, failed: 0 }
    },
  })
  return {
    administration,
    database,
    logged,
    breakLog: () => {
      broken = true
    },
  }
}
