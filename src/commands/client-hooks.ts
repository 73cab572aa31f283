/** `samsyn client hooks list|add|remove`: where a client's subscriptions may send notifications. */
import { Command } from 'commander'
import type { Operator } from '../services/administration.ts'
import type { ManageClientHooks } from '../services/manage-client-hooks.ts'
import { printJson, printTable } from './print.ts'

interface JsonOption {
  readonly json?: true
}

export interface ClientHooksDeps {
  /** Opens configuration, database and services; called when a command runs, not for --help. */
  readonly open: () => Promise<{
    readonly administration: ManageClientHooks
    readonly operator: Operator
    close(): Promise<void>
  }>
}

type Verb = (hooks: ManageClientHooks, by: Operator) => Promise<readonly string[]>

export function clientHooksCommand(deps: ClientHooksDeps): Command {
  const command = new Command('hooks').description(
    'Hosts that a client’s subscriptions may name; SAMSYN_EGRESS_ALLOW must let the hub call them too',
  )
  command
    .command('list <client-id>')
    .option('--json', 'print JSON')
    .action((id: string, options: JsonOption) =>
      run(deps, options, (hooks, by) => hooks.listClientHooks(id, by)),
    )
  command
    .command('add <client-id> <host:port>')
    .option('--json', 'print JSON')
    .action((id: string, host: string, options: JsonOption) =>
      run(deps, options, (hooks, by) => hooks.addClientHook(id, host, by)),
    )
  command
    .command('remove <client-id> <host:port>')
    .option('--json', 'print JSON')
    .action((id: string, host: string, options: JsonOption) =>
      run(deps, options, (hooks, by) => hooks.removeClientHook(id, host, by)),
    )
  return command
}

async function run({ open }: ClientHooksDeps, { json }: JsonOption, verb: Verb): Promise<void> {
  const { administration, operator, close } = await open()
  try {
    const hosts = await verb(administration, operator)
    if (json) printJson(hosts)
    else
      printTable(
        ['HOST'],
        hosts.map((host) => [host]),
      )
  } finally {
    await close()
  }
}
