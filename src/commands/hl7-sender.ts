/** `samsyn hl7-sender list|add|disable`: which systems may send HL7 v2 messages, and for whom. */
import { Command } from 'commander'
import { hl7SenderView, newHl7SenderSchema } from '../wire/admin/hl7-senders.ts'
import { parseRequest } from '../wire/admin/requests.ts'
import { withAdministration, type AdministrationDeps } from './administration.ts'
import { printJson, printTable } from './print.ts'

interface JsonOption {
  readonly json?: true
}
interface AddOptions extends JsonOption {
  readonly id: string
  readonly name: string
  readonly fingerprint?: string
  readonly address?: string
  readonly application?: string
  readonly facility?: string
  readonly charset?: string
  readonly timeZone?: string
  readonly defaultSystem?: string
}

export function hl7SenderCommand(deps: AdministrationDeps): Command {
  const command = new Command('hl7-sender').description(
    'Systems that may send HL7 v2 messages (SAMSYN_MLLP_PORT)',
  )
  command.addCommand(listCommand(deps))
  command.addCommand(addCommand(deps))
  command.addCommand(disableCommand(deps))
  return command
}

function listCommand(deps: AdministrationDeps): Command {
  return new Command('list')
    .description('Every sender, and what it is known by')
    .option('--json', 'print JSON')
    .action(async ({ json }: JsonOption) => {
      const senders = await withAdministration(deps, (hub, by) => hub.listHl7Senders(by))
      if (json) printJson(senders.map(hl7SenderView))
      else
        printTable(
          ['ID', 'MEMBER', 'NAME', 'KNOWN BY', 'ACTIVE'],
          senders.map((one) => [one.id, one.member, one.name, marksOf(one), String(one.active)]),
        )
    })
}

interface Marks {
  readonly fingerprint: string | null
  readonly address: string | null
  readonly application: string | null
  readonly facility: string | null
}

function marksOf({ fingerprint, address, application, facility }: Marks): string {
  const certificate = fingerprint === null ? [] : [`certificate ${fingerprint.slice(0, 16)}…`]
  const named = [address, application, facility].filter((one) => one !== null)
  return [...certificate, ...named].join(' ')
}

function addCommand(deps: AdministrationDeps): Command {
  return new Command('add')
    .description('Listen to a system, known by its certificate or by address and MSH-3 and MSH-4')
    .argument('<member>', 'whose messages they are, by id or organisation number')
    .requiredOption('--id <id>', 'as the log shows it, such as north-ris')
    .requiredOption('--name <name>', 'name for operators')
    .option('--fingerprint <sha256>', 'SHA-256 of its client certificate')
    .option('--address <ip>', 'IP address or network, as 10.1.0.0/16')
    .option('--application <name>', 'MSH-3')
    .option('--facility <name>', 'MSH-4')
    .option('--charset <name>', 'of messages without MSH-18 (default: 8859/1)')
    .option('--time-zone <zone>', 'of times without an offset (default: Europe/Oslo)')
    .option('--default-system <uri>', 'of patient ids without an assigning authority')
    .option('--json', 'print JSON')
    .action(async (member: string, { json, ...options }: AddOptions) => {
      const { timeZone, defaultSystem, ...plain } = options
      const defaults = { time_zone: timeZone, default_system: defaultSystem }
      const sender = await withAdministration(deps, async (hub, by) => {
        const { id } = await hub.findMember(member, by)
        const request = parseRequest(newHl7SenderSchema, { ...plain, ...defaults, member: id })
        return hub.addHl7Sender(request, by)
      })
      if (json) printJson(hl7SenderView(sender))
      else console.log(`${sender.id} may send messages for ${sender.member}`)
    })
}

function disableCommand(deps: AdministrationDeps): Command {
  return new Command('disable')
    .description('Reject what the system sends from now on')
    .argument('<id>')
    .option('--json', 'print JSON')
    .action(async (id: string, { json }: JsonOption) => {
      const sender = await withAdministration(deps, (hub, by) => hub.disableHl7Sender(id, by))
      if (json) printJson(hl7SenderView(sender))
      else console.log(`${sender.id} is not listened to any more`)
    })
}
