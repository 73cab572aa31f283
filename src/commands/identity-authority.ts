/** `samsyn identity authority list|add|remove`: which member speaks for the identifiers of a system. */
import { Command } from 'commander'
import { newAuthoritySchema, parseRequest, removedAuthoritySchema } from '../wire/admin/requests.ts'
import { withAdministration, type AdministrationDeps } from './administration.ts'
import { printJson, printTable } from './print.ts'

interface AddOptions {
  readonly name: string
  readonly namespace?: string
  readonly json?: true
}
interface JsonOption {
  readonly json?: true
}

export function authorityCommand(deps: AdministrationDeps): Command {
  const command = new Command('authority').description('Who speaks for the identifiers of a system')
  command.addCommand(listCommand(deps))
  command.addCommand(addCommand(deps))
  command.addCommand(removeCommand(deps))
  return command
}

function listCommand(deps: AdministrationDeps): Command {
  return new Command('list')
    .description('Every system that a member speaks for')
    .option('--json', 'print JSON')
    .action(async ({ json }: JsonOption) => {
      const all = await withAdministration(deps, (hub, operator) => hub.listAuthorities(operator))
      if (json) printJson(all)
      else
        printTable(
          ['SYSTEM', 'MEMBER', 'NAME', 'HL7 V2 NAME'],
          all.map((one) => [one.system, one.member, one.name, one.namespace ?? '']),
        )
    })
}

function addCommand(deps: AdministrationDeps): Command {
  return new Command('add')
    .description('Listen to this member alone for the identifiers of a system')
    .argument('<system>', 'as urn:oid:2.16.578.1.12.4.1.4.1')
    .argument('<member>', 'by id or organisation number')
    .requiredOption('--name <name>', 'as people know the authority')
    .option('--namespace <name>', 'as the member’s HL7 v2 messages name it (CX-4.1)')
    .option('--json', 'print JSON')
    .action(async (system: string, member: string, { json, ...options }: AddOptions) => {
      const added = await withAdministration(deps, async (hub, operator) => {
        const { id } = await hub.findMember(member, operator)
        const request = parseRequest(newAuthoritySchema, { system, member: id, ...options })
        return hub.addAuthority(request, operator)
      })
      if (json) printJson(added)
      else console.log(`${added.member} speaks for ${added.system}`)
    })
}

function removeCommand(deps: AdministrationDeps): Command {
  return new Command('remove')
    .description('Let nobody speak for a system any more: what was told stays')
    .argument('<system>', 'as the list shows it')
    .option('--json', 'print JSON')
    .action(async (text: string, { json }: JsonOption) => {
      const { system } = parseRequest(removedAuthoritySchema, { system: text })
      await withAdministration(deps, (hub, operator) => hub.removeAuthority(system, operator))
      if (json) printJson({ system })
      else console.log(`Nobody speaks for ${system}`)
    })
}
