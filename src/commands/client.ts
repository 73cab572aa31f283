/** `samsyn client add|list|rotate|disable|hooks` */
import { Command } from 'commander'
import type { Client } from '../domain/access/network.ts'
import type { ClientWithKey } from '../services/administration.ts'
import { jwksSchema, newClientSchema, parseRequest } from '../wire/admin/requests.ts'
import { clientView } from '../wire/admin/views.ts'
import { readSecret, withAdministration, type AdministrationDeps } from './administration.ts'
import { clientHooksCommand } from './client-hooks.ts'
import { printJson, printTable } from './print.ts'

interface JsonOption {
  readonly json?: true
}
interface KeyOptions extends JsonOption {
  readonly jwks?: string
}
interface AddOptions extends KeyOptions {
  readonly id?: string
  readonly member: string
  readonly name: string
  readonly scope: string
  readonly bearer?: string
}

const JWKS_HELP = 'file with the client’s public JWK Set; a key pair is made where absent'

export function clientCommand(deps: AdministrationDeps): Command {
  const command = new Command('client').description('Systems of members that ask for tokens')
  command.addCommand(addCommand(deps))
  command.addCommand(rotateCommand(deps))
  command.addCommand(clientHooksCommand(deps))
  command
    .command('list')
    .description('Every client')
    .option('--json', 'print JSON')
    .action(async ({ json }: JsonOption) => {
      const clients = await withAdministration(deps, (hub, by) => hub.listClients(by))
      if (json) printJson(clients.map(clientView))
      else printClients(clients)
    })
  command
    .command('disable <client-id>')
    .description('End a client’s access: its tokens, grants and running streams')
    .option('--json', 'print JSON')
    .action(async (id: string, { json }: JsonOption) => {
      const client = await withAdministration(deps, (hub, operator) =>
        hub.disableClient(id, operator),
      )
      if (json) printJson(clientView(client))
      else printClients([client])
    })
  return command
}

function addCommand(deps: AdministrationDeps): Command {
  return new Command('add')
    .description('Register a client; prints its private key once where the hub makes the pair')
    .requiredOption('--member <id>', 'member it belongs to, by id or organisation number')
    .requiredOption('--name <name>', 'name of the system')
    .requiredOption('--scope <scopes>', 'registered scopes, separated by spaces')
    .option('--jwks <file>', JWKS_HELP)
    .option('--bearer <reason>', 'let its tokens be used without proof of a key (DPoP), and why')
    .option('--id <client-id>', 'chosen by the hub where absent')
    .option('--json', 'print JSON')
    .action(async ({ jwks, bearer, json, ...options }: AddOptions) => {
      const keys = jwks === undefined ? undefined : await readJwks(jwks)
      const added = await withAdministration(deps, async (hub, operator) => {
        const member = await hub.findMember(options.member, operator)
        const request = { ...options, member: member.id, jwks: keys, bearer_reason: bearer }
        return hub.addClient(parseRequest(newClientSchema, request), operator)
      })
      printWithKey(added, json ? { json } : {})
    })
}

function rotateCommand(deps: AdministrationDeps): Command {
  return new Command('rotate')
    .description('Give a client new keys; the old ones end at once')
    .argument('<client-id>')
    .option('--jwks <file>', JWKS_HELP)
    .option('--json', 'print JSON')
    .action(async (id: string, options: KeyOptions) => {
      const keys = options.jwks === undefined ? undefined : await readJwks(options.jwks)
      const rotated = await withAdministration(deps, (hub, operator) =>
        hub.rotateClient(id, keys, operator),
      )
      printWithKey(rotated, options)
    })
}

async function readJwks(file: string): Promise<Client['jwks']> {
  return parseRequest(jwksSchema, parseJson(await readSecret(file)))
}

/** Undefined, which no schema accepts, where it is not JSON. */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function printWithKey({ client, privateJwk }: ClientWithKey, { json }: JsonOption): void {
  const key = privateJwk === undefined ? {} : { private_jwk: privateJwk }
  if (json) {
    printJson({ ...clientView(client), ...key })
    return
  }
  printClients([client])
  if (privateJwk === undefined) return
  console.error('The private key, shown this once: keep it where only the client can read it.')
  printJson(privateJwk)
}

function printClients(clients: readonly Client[]): void {
  printTable(
    ['CLIENT', 'MEMBER', 'NAME', 'SCOPE', 'TOKENS', 'STATE'],
    clients.map(({ id, member, name, scope, dpopBound, active }) => [
      id,
      member,
      name,
      scope,
      dpopBound ? 'bound' : 'bearer',
      active ? 'active' : 'disabled',
    ]),
  )
}
