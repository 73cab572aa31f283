/** `samsyn identity list|resolve|authority`: whose a study or report is, and who speaks for which identifiers. */
import { Command, Option } from 'commander'
import { HubError } from '../kernel/errors.ts'
import {
  identityDecisionSchema,
  parseRequest,
  unclearIdentityPageSchema,
} from '../wire/admin/requests.ts'
import { unclearIdentityView, type UnclearIdentity } from '../wire/admin/queue-views.ts'
import { readSecret, withAdministration, type AdministrationDeps } from './administration.ts'
import { authorityCommand } from './identity-authority.ts'
import { printJson, printTable } from './print.ts'

interface ListOptions {
  readonly after?: string
  readonly limit?: string
  readonly nationalIds?: true
  readonly json?: true
}
interface ResolveOptions {
  readonly patient?: string
  readonly nationalIdFile?: string
  readonly new?: true
  readonly json?: true
}

export function identityCommand(deps: AdministrationDeps): Command {
  const command = new Command('identity').description(
    'Patients that are unclear, and who may name them',
  )
  command.addCommand(listCommand(deps))
  command.addCommand(resolveCommand(deps))
  command.addCommand(authorityCommand(deps))
  return command
}

function listCommand(deps: AdministrationDeps): Command {
  return new Command('list')
    .description('What waits, oldest first; every look is logged')
    .option('--after <id>', 'id of the last one seen')
    .option('--limit <number>', 'at most 100, which is the default')
    .option('--national-ids', 'show national ids whole; their last five digits are hidden else')
    .option('--json', 'print JSON')
    .action(async ({ json, nationalIds, ...options }: ListOptions) => {
      const national_ids = nationalIds ? 'shown' : 'masked'
      const page = parseRequest(unclearIdentityPageSchema, { ...options, national_ids })
      const doubts = await withAdministration(deps, (hub, operator) =>
        hub.listUnclearIdentities(page, operator),
      )
      if (json) printJson(doubts.map(unclearIdentityView))
      else printDoubts(doubts)
    })
}

function resolveCommand(deps: AdministrationDeps): Command {
  return new Command('resolve')
    .description('Say whose the study or report is: it is found from then on')
    .argument('<id>', 'as the list shows it')
    .addOption(
      new Option('--patient <id>', 'it is of this Patient of the hub').conflicts([
        'new',
        'nationalIdFile',
      ]),
    )
    .addOption(
      new Option(
        '--national-id-file <file>',
        'it is of the Patient with the personal number in this file, - for standard input',
      ).conflicts('new'),
    )
    .option('--new', 'make a Patient of what the object says, or take its valid national id’s')
    .option('--json', 'print JSON')
    .action(async (id: string, { json, nationalIdFile, ...chosen }: ResolveOptions) => {
      // On the command line the number would be everybody’s to see.
      const numbered =
        nationalIdFile === undefined ? {} : { national_id: await readSecret(nationalIdFile) }
      const decision = parseRequest(identityDecisionSchema, { ...chosen, ...numbered })
      const resolved = await withAdministration(deps, (hub, operator) =>
        hub.resolveIdentity(numberOf(id), decision, operator),
      )
      const { imagingStudy: imaging_study, report, patient } = resolved
      const what =
        report === null ? `ImagingStudy/${String(imaging_study)}` : `DiagnosticReport/${report}`
      if (json) printJson({ imaging_study, report, patient })
      else console.log(`${what} is of Patient/${patient}`)
    })
}

function numberOf(id: string): number {
  if (/^\d{1,15}$/.test(id)) return Number(id)
  throw new HubError('not-found', `There is no unclear identity ${id}`)
}

function printDoubts(doubts: readonly UnclearIdentity[]): void {
  printTable(
    [
      ...['ID', 'WHY', 'CUSTODIAN', 'STUDY OR REPORT', 'CLAIMED ID', 'NAME', 'BORN'],
      'WHO IT MAY BE',
      ...['FIRST NAMED BY', 'ALSO AT', 'SINCE'],
    ],
    doubts.map(({ claim, ...doubt }) => [
      String(doubt.id),
      doubt.reason,
      doubt.custodian,
      doubt.study ?? `DiagnosticReport/${String(doubt.report)}`,
      claim.id ?? '',
      [claim.givenName, claim.familyName].filter((name) => name !== undefined).join(' '),
      claim.birthDate ?? '',
      doubt.candidates.map(({ patient, score }) => `${patient} (${score})`).join(' '),
      doubt.firstClaimer ?? '',
      doubt.otherCopies.map(({ custodian }) => custodian).join(' '),
      doubt.raisedAt.toISOString(),
    ]),
  )
}
