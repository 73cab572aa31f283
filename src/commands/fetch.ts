/** `samsyn fetch <study-uid>`: downloads a study by WADO-RS and verifies every object. */
import { Command } from 'commander'
import { isUid } from '../domain/imaging/uid.ts'
import { HubError } from '../kernel/errors.ts'
import { downloadStudy, type DownloadReport } from './download-study.ts'
import type { Caller, HubAccess } from './hub-access.ts'
import { printJson } from './print.ts'
import { makeProgressBar } from './progress-bar.ts'

interface FetchOptions {
  readonly out: string
  readonly user?: string
  readonly patient?: string
  readonly purpose: string
  readonly client?: string
  readonly key?: string
  readonly token?: string
  readonly hub?: string
  readonly json?: true
}

export function fetchCommand(access: HubAccess): Command {
  return new Command('fetch')
    .description('Download a study into a folder, one verified file per object')
    .argument('<study-uid>')
    .requiredOption('--out <folder>', 'where the files go; made where it is missing')
    .option('--user <name>', 'the person of the demo who asks, with --patient')
    .option('--patient <national-id>', 'whose images they are')
    .option('--purpose <code>', 'why: TREAT, ETREAT, COC or BTG', 'TREAT')
    .option('--client <id>', 'a client that fetches its own member’s material')
    .option('--key <file>', 'its private key as client add prints it; without: the demo’s')
    .option('--token <token>', 'access token to use as it is')
    .option('--hub <url>', 'public address of the hub (default: SAMSYN_BASE_URL)')
    .option('--json', 'print JSON')
    .action(async (study: string, options: FetchOptions) => {
      if (!isUid(study)) throw new HubError('invalid', 'The study is named by its UID')
      const hub = await access.openHub(callerOf(study, options), options.hub)
      const bar = makeProgressBar('objects', process.stderr)
      const report = await downloadStudy(hub, { study, folder: options.out, onObject: bar.show })
        .finally(bar.end)
        .finally(() => hub.close())
      if (options.json) printJson(report)
      else printReport(report, options.out)
      if (report.problems.length > 0)
        throw new HubError('source-failed', `${report.problems.length} problems; see above`)
    })
}

function callerOf(study: string, options: FetchOptions): Caller {
  const { user, patient, purpose, client, key, token } = options
  if ([user, client ?? key, token].filter((given) => given !== undefined).length !== 1) {
    const ways = '--user with --patient, --client, --key or --token'
    throw new HubError('invalid', `Name one caller: ${ways}`)
  }
  if (token !== undefined) return { kind: 'token', token }
  if (key !== undefined) return { kind: 'key', file: key, id: client }
  if (user === undefined) return { kind: 'client', id: client }
  if (patient === undefined) throw new HubError('invalid', '--user needs --patient')
  return { kind: 'person', username: user, patient, purpose, studies: [study] }
}

function printReport(report: DownloadReport, folder: string): void {
  for (const { object, problem } of report.problems) console.error(`${object}: ${problem}`)
  const megabytes = report.bytes / 1e6
  const speed = `${megabytes.toFixed(1)} MB in ${report.seconds.toFixed(1)} s`
  console.log(`${report.verified} of ${report.expected} objects verified (${speed}) in ${folder}`)
}
