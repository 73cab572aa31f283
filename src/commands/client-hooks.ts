/** `samsyn client hooks list|add|remove`: where a client's subscriptions may send notifications. */
import { Command } from 'commander'
import type { Administration, Operator } from '../services/administration.ts'
import { withAdministration, type AdministrationDeps } from './administration.ts'
import { printJson, printTable } from './print.ts'

interface JsonOption {
  readonly json?: true
}

type Verb = (hub: Administration, by: Operator) => Promise<readonly string[]>

export function clientHooksCommand(deps: AdministrationDeps): Command {
  const command = new Command('hooks').description(
    'Hosts that a client’s subscriptions may name; SAMSYN_EGRESS_ALLOW must let the hub call them too',
  )
  command
    .command('list <client-id>')
    .description('Every host')
    .option('--json', 'print JSON')
    .action((id: string, options: JsonOption) =>
      run(deps, options, (hub, by) => hub.listClientHooks(id, by)),
    )
  command
    .command('add <client-id> <host:port>')
    .description('Register a host; without a port it is 443')
    .option('--json', 'print JSON')
    .action((id: string, host: string, options: JsonOption) =>
      run(deps, options, (hub, by) => hub.addClientHook(id, host, by)),
    )
  command
    .command('remove <client-id> <host:port>')
    .description('Send nothing there any more')
    .option('--json', 'print JSON')
    .action((id: string, host: string, options: JsonOption) =>
      run(deps, options, (hub, by) => hub.removeClientHook(id, host, by)),
    )
  return command
}

async function run(deps: AdministrationDeps, { json }: JsonOption, verb: Verb): Promise<void> {
  const hosts = await withAdministration(deps, verb)
  if (json) printJson(hosts)
  else
    printTable(
      ['HOST'],
      hosts.map((host) => [host]),
    )
}
