/** `samsyn source add|list|test|sync|move` */
import { Command, Option } from 'commander'
import { HubError } from '../kernel/errors.ts'
import type { SyncReport } from '../services/administration.ts'
import { movedSourceSchema, newSourceSchema, parseRequest } from '../wire/admin/requests.ts'
import { sourceView, type SourceView } from '../wire/admin/views.ts'
import { readSecret, withAdministration, type AdministrationDeps } from './administration.ts'
import { printJson, printTable } from './print.ts'
import { makeProgressBar } from './progress-bar.ts'

interface JsonOption {
  readonly json?: true
}
interface AddOptions extends JsonOption {
  readonly id?: string
  readonly custodian: string
  readonly kind: string
  readonly name: string
  readonly url: string
  readonly username?: string
  readonly passwordFile?: string
  readonly tokenFile?: string
  readonly defaultIssuer?: string
  readonly timeZone?: string
  readonly characterSet?: string
}

interface MoveOptions extends JsonOption {
  readonly url: string
}

export function sourceCommand(deps: AdministrationDeps): Command {
  const command = new Command('source').description('Archives the hub fetches from')
  command.addCommand(addCommand(deps))
  command.addCommand(testCommand(deps))
  command.addCommand(syncCommand(deps))
  command.addCommand(moveCommand(deps))
  command
    .command('list')
    .description('Every source, and how its last sync went')
    .option('--json', 'print JSON')
    .action(async ({ json }: JsonOption) => {
      const sources = await withAdministration(deps, (hub, by) => hub.listSources(by))
      if (json) printJson(sources.map(sourceView))
      else printSources(sources)
    })
  return command
}

function addCommand(deps: AdministrationDeps): Command {
  return new Command('add')
    .description('Register a source; SAMSYN_EGRESS_ALLOW must let the hub call it')
    .requiredOption(
      '--custodian <id>',
      'member whose images it holds, by id or organisation number',
    )
    .requiredOption('--name <name>', 'name for operators')
    .requiredOption('--url <url>', 'base address of the DICOMweb service')
    .addOption(new Option('--kind <kind>', 'protocol').choices(['dicomweb']).default('dicomweb'))
    .option('--username <name>', 'for HTTP Basic, with --password-file')
    .option('--password-file <file>', 'file with the password, - for standard input')
    .option('--token-file <file>', 'file with a bearer token, - for standard input')
    .option('--default-issuer <urn>', 'urn:oid:… of patient ids that come without an issuer')
    .option('--time-zone <zone>', 'of dates without one (default: Europe/Oslo)')
    .option('--character-set <term>', 'of objects that name none (default: ISO_IR 100)')
    .option('--id <id>', 'chosen by the hub where absent')
    .option('--json', 'print JSON')
    .action(async ({ json, ...options }: AddOptions) => {
      const { username, passwordFile, tokenFile, defaultIssuer, timeZone, characterSet, ...plain } =
        options
      const defaults = {
        default_issuer: defaultIssuer,
        time_zone: timeZone,
        character_set: characterSet,
      }
      const credentials = await readCredentials({ username, passwordFile, tokenFile })
      const source = await withAdministration(deps, async (hub, operator) => {
        const custodian = (await hub.findMember(options.custodian, operator)).id
        const request = parseRequest(newSourceSchema, {
          ...plain,
          ...defaults,
          custodian,
          credentials,
        })
        return hub.addSource(request, operator)
      })
      if (json) printJson(sourceView(source))
      else printSources([source])
    })
}

interface CredentialOptions {
  readonly username: string | undefined
  readonly passwordFile: string | undefined
  readonly tokenFile: string | undefined
}

async function readCredentials(options: CredentialOptions): Promise<object | undefined> {
  const { username, passwordFile, tokenFile } = options
  if ((username === undefined) !== (passwordFile === undefined))
    throw new HubError('invalid', '--username and --password-file go together')
  if (tokenFile !== undefined && username !== undefined)
    throw new HubError('invalid', 'Give either a username and password or a token')
  if (tokenFile !== undefined) return { kind: 'bearer', token: await readSecret(tokenFile) }
  if (passwordFile === undefined) return undefined
  return { kind: 'basic', username, password: await readSecret(passwordFile) }
}

function moveCommand(deps: AdministrationDeps): Command {
  return new Command('move')
    .description('Give a source the new address of its archive; its studies stay indexed')
    .argument('<id>')
    .requiredOption('--url <url>', 'base address of the DICOMweb service')
    .option('--json', 'print JSON')
    .action(async (id: string, { url, json }: MoveOptions) => {
      const { url: address } = parseRequest(movedSourceSchema, { url })
      const source = await withAdministration(deps, (hub, operator) =>
        hub.moveSource(id, address, operator),
      )
      if (json) printJson(sourceView(source))
      else printSources([source])
    })
}

function testCommand(deps: AdministrationDeps): Command {
  return new Command('test')
    .description('Ask a source one small question')
    .argument('<id>')
    .option('--json', 'print JSON')
    .action(async (id: string, { json }: JsonOption) => {
      const result = await withAdministration(deps, (hub, by) => hub.testSource(id, by))
      if (json) printJson(result)
      else if (result.ok) console.log(`answered in ${result.milliseconds} ms`)
      if (!result.ok) throw new HubError('source-failed', result.problem ?? 'The source failed')
    })
}

function syncCommand(deps: AdministrationDeps): Command {
  return new Command('sync')
    .description('Read a source’s index and register its studies; pixels stay where they are')
    .argument('<id>')
    .option('--json', 'print JSON')
    .action(async (id: string, { json }: JsonOption) => {
      const bar = makeProgressBar('studies', process.stderr)
      const report = await withAdministration(deps, (hub, operator) =>
        hub.syncSource(id, { onStudy: bar.show }, operator),
      ).finally(bar.end)
      if (json) printJson(report)
      else printReport(report)
      if (report.failed > 0)
        throw new HubError('source-failed', `${report.failed} studies could not be registered`)
    })
}

function printReport({ studies, series, instances }: SyncReport): void {
  console.log(`${studies} studies, ${series} series, ${instances} instances registered`)
}

function printSources(sources: readonly SourceView[]): void {
  printTable(
    ['ID', 'CUSTODIAN', 'NAME', 'ADDRESS', 'LAST SYNC', 'STATE'],
    sources.map((source) => [
      source.id,
      source.custodian,
      source.name,
      source.url,
      source.lastSyncError ?? source.lastSyncFinished?.toISOString() ?? 'never',
      source.active ? 'active' : 'disabled',
    ]),
  )
}
