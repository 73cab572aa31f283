/** `samsyn member add|list|show|share|disable` */
import { Command, Option } from 'commander'
import { MEMBER_ROLES } from '../domain/access/principal.ts'
import type { Member } from '../domain/access/network.ts'
import { newMemberSchema, parseRequest } from '../wire/admin/requests.ts'
import { memberView } from '../wire/admin/views.ts'
import { withAdministration, type AdministrationDeps } from './administration.ts'
import { shareCommand } from './member-share.ts'
import { printJson, printTable } from './print.ts'

interface JsonOption {
  readonly json?: true
}
interface AddOptions extends JsonOption {
  readonly id?: string
  readonly orgnr: string
  readonly name: string
  readonly role: readonly string[]
}

export function memberCommand(deps: AdministrationDeps): Command {
  const command = new Command('member').description('Organisations of the network')
  command.addCommand(addCommand(deps))
  command.addCommand(shareCommand(deps))
  command
    .command('list')
    .description('Every member')
    .option('--json', 'print JSON')
    .action(async ({ json }: JsonOption) => {
      const members = await withAdministration(deps, (hub, by) => hub.listMembers(by))
      if (json) printJson(members.map(memberView))
      else printMembers(members)
    })
  command
    .command('show <id>')
    .description('One member, by id or organisation number')
    .option('--json', 'print JSON')
    .action(async (id: string, options: JsonOption) => {
      const member = await withAdministration(deps, (hub, by) => hub.findMember(id, by))
      printMember(member, options)
    })
  command
    .command('disable <id>')
    .description('End a member’s access: its tokens, grants and running streams')
    .option('--json', 'print JSON')
    .action(async (id: string, options: JsonOption) => {
      const member = await withAdministration(deps, (hub, operator) =>
        hub.disableMember(id, operator),
      )
      printMember(member, options)
    })
  return command
}

function addCommand(deps: AdministrationDeps): Command {
  return new Command('add')
    .description('Admit an organisation')
    .requiredOption('--orgnr <number>', 'organisation number, nine digits')
    .requiredOption('--name <name>', 'name as others shall read it')
    .addOption(
      new Option('--role <role...>', 'what it may do; may be given more than once')
        .choices(MEMBER_ROLES)
        .makeOptionMandatory(),
    )
    .option('--id <id>', 'id of its Organization resource; chosen by the hub where absent')
    .option('--json', 'print JSON')
    .action(async ({ role, json, ...options }: AddOptions) => {
      const request = parseRequest(newMemberSchema, { ...options, roles: role })
      const member = await withAdministration(deps, (hub, operator) =>
        hub.addMember(request, operator),
      )
      printMember(member, json ? { json } : {})
    })
}

function printMember(member: Member, { json }: JsonOption): void {
  if (json) printJson(memberView(member))
  else printMembers([member])
}

function printMembers(members: readonly Member[]): void {
  printTable(
    ['ID', 'ORGNR', 'NAME', 'ROLES', 'STATE'],
    members.map(({ id, orgnr, name, roles, active }) => [
      id,
      orgnr,
      name,
      roles.join(' '),
      active ? 'active' : 'disabled',
    ]),
  )
}
