/** `samsyn audit`: proof that the log is the one that was written, and the log itself. */
import type { KeyObject } from 'node:crypto'
import { once } from 'node:events'
import type { Writable } from 'node:stream'
import { Command, InvalidArgumentError } from 'commander'
import type { Pool } from 'pg'
import { exportAudit } from '../services/export-audit.ts'
import { verifyAudit, type AuditReport } from '../services/verify-audit.ts'

export interface AuditCommandDeps {
  /** Opens the installation's database; called only by the verbs that need it. */
  readonly open: () => Promise<{
    readonly pool: Pool
    /** SAMSYN_AUDIT_ANCHOR, used where `--anchor` is not given. */
    readonly anchorFile: string
    readonly publicKeys: ReadonlyMap<string, KeyObject>
    close(): Promise<void>
  }>
  readonly out: Writable
  /** Called with 1 where something was found. */
  readonly setExitCode: (code: number) => void
}

export function auditCommand(deps: AuditCommandDeps): Command {
  const audit = new Command('audit').description('prove and read the audit log')
  audit
    .command('verify')
    .description(
      'check that no event was changed, removed, inserted or moved since it was anchored',
    )
    .option('--anchor <file>', 'file with the checkpoints (default: SAMSYN_AUDIT_ANCHOR)')
    .option('--json', 'print the report as JSON')
    .action((options: { anchor?: string; json?: boolean }) => verify(deps, options))
  audit
    .command('export')
    .description('print every event as one line of JSON (FHIR AuditEvent), oldest first')
    .option('--from <seq>', 'sequence number of the first event', parseSequence, 0)
    .action((options: { from: number }) => exportAll(deps, options.from))
  return audit
}

function parseSequence(text: string): number {
  if (!/^\d{1,15}$/.test(text)) throw new InvalidArgumentError('Expected a number from 0.')
  return Number(text)
}

async function verify(
  deps: AuditCommandDeps,
  options: { readonly anchor?: string; readonly json?: boolean },
): Promise<void> {
  const database = await deps.open()
  try {
    const { pool, publicKeys } = database
    const anchorFile = options.anchor ?? database.anchorFile
    const report = await verifyAudit({ pool, publicKeys, anchorFile })
    deps.out.write(options.json === true ? `${JSON.stringify(report)}\n` : inWords(report))
    if (!report.ok) deps.setExitCode(1)
  } finally {
    await database.close()
  }
}

async function exportAll(deps: AuditCommandDeps, from: number): Promise<void> {
  const database = await deps.open()
  try {
    for await (const content of exportAudit(database.pool, from)) {
      if (!deps.out.write(`${content}\n`)) await once(deps.out, 'drain')
    }
  } finally {
    await database.close()
  }
}

function inWords(report: AuditReport): string {
  const { anchored, unprotected, findings, findingsInAll } = report
  const more = findingsInAll - findings.length
  const lines = [
    `${report.events} events, ${report.checkpoints} checkpoints`,
    anchored === undefined
      ? 'No checkpoint protects the log yet'
      : `Protected: the first ${anchored.size} events, anchored at ${anchored.at}`,
    unprotected.events === 0
      ? 'Unprotected window: none'
      : `Unprotected window: ${unprotected.events} events, ${unprotected.from ?? ''} to ${unprotected.until ?? ''}`,
    ...findings.map(({ kind, text }) => `FOUND ${kind}: ${text}`),
    ...(more > 0 ? [`and ${more} more`] : []),
    report.ok ? 'PASS: the log is the one that was anchored' : 'FAIL: the log was altered',
  ]
  return `${lines.join('\n')}\n`
}
