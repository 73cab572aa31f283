/** `samsyn token`: prints an access token, for curl: of a client with its key, or of a demo's identity. */
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { Command } from 'commander'
import { HubError, isHubError } from '../kernel/errors.ts'
import type { IssuedToken } from '../sources/authorization-client.ts'
import { parseDemoFile, type DemoFile } from '../wire/demo-file.ts'
import {
  obtainClientToken,
  obtainPersonToken,
  obtainSystemToken,
  type ObtainedToken,
} from './obtain-token.ts'
import { readClientKey, readDpopKey } from './own-key.ts'
import { printJson } from './print.ts'

export interface TokenCommandDeps {
  /** Of the configuration; asked when the command runs. */
  readonly settings: () => { readonly dataDir: string; readonly baseUrl: string }
}

interface TokenOptions {
  readonly user?: string
  readonly patient?: string
  readonly purpose: string
  readonly study?: readonly string[]
  readonly breakGlassReason?: string
  readonly breakGlassText?: string
  readonly client?: string
  readonly key?: string
  readonly hub?: string
  readonly scope?: string
  readonly dpopKey?: string
  readonly json?: true
}

export function tokenCommand({ settings }: TokenCommandDeps): Command {
  return new Command('token')
    .description('Print an access token of the hub: a client’s with --key, or a demo identity’s')
    .option('--user <name>', 'a person of the demo, with --patient')
    .option('--patient <national-id>', 'whose images the token is for')
    .option('--purpose <code>', 'why: TREAT, ETREAT, COC or BTG', 'TREAT')
    .option('--study <uid...>', 'only these studies')
    .option('--break-glass-reason <code>', 'with --purpose BTG: the coded reason')
    .option('--break-glass-text <text>', 'with --purpose BTG: the reason in words')
    .option('--client <id>', 'a member’s system')
    .option('--key <file>', 'its private key as client add prints it; without: the demo’s')
    .option('--hub <url>', 'with --key: public address of the hub (default: SAMSYN_BASE_URL)')
    .option('--scope <scopes>', 'of a client: these scopes only')
    .option(
      '--dpop-key <file>',
      'bind the token to this key (private JWK); made where it is missing',
    )
    .option('--json', 'print the whole answer as JSON')
    .action(async (options: TokenOptions) => {
      const { dataDir, baseUrl } = settings()
      const { token } =
        options.key === undefined
          ? await obtain(await readDemoFile(dataDir), options)
          : await obtainByKey(options.key, options.hub ?? baseUrl, options)
      if (options.json) printJson(tokenView(token))
      else console.log(token.accessToken)
    })
}

/** The identities of the demo that runs, or last ran, on this data directory. */
export async function readDemoFile(dataDir: string): Promise<DemoFile> {
  const file = path.join(dataDir, 'demo.json')
  const text = await readFile(file, 'utf8').catch((cause: unknown) => {
    throw new HubError(
      'invalid',
      `${file} cannot be read; start the demo first, or give a client’s --key`,
      { cause },
    )
  })
  return parseDemoFile(text)
}

async function obtainByKey(
  file: string,
  hub: string,
  { user, client, scope, dpopKey }: TokenOptions,
): Promise<ObtainedToken> {
  if (user !== undefined) throw new HubError('invalid', '--key is a client’s; --user has none')
  const identity = await readClientKey(file, client)
  const dpopJwk = await readDpopKey(dpopKey)
  return obtainClientToken(hub, { ...identity, dpopJwk }, scope).catch((error: unknown) => {
    // The authorization server keeps to itself that it missed a proof.
    const isUnbound = dpopJwk === undefined && isHubError(error) && error.reason === 'invalid_grant'
    if (!isUnbound) throw error
    const hint = 'a client that was not added with --bearer needs --dpop-key'
    throw new HubError('forbidden', `${error.message}; ${hint}`, { cause: error })
  })
}

async function obtain(demo: DemoFile, options: TokenOptions): Promise<ObtainedToken> {
  const { user, client, patient } = options
  if ((user === undefined) === (client === undefined))
    throw new HubError('invalid', 'Name one caller: --user with --patient, --client, or --key')
  const binding = { dpopJwk: await readDpopKey(options.dpopKey) }
  if (client !== undefined)
    return obtainSystemToken(demo, { clientId: client, scope: options.scope }, binding)
  if (user === undefined || patient === undefined)
    throw new HubError('invalid', '--user needs --patient')
  const { purpose, study: studies = [] } = options
  const request = { username: user, patient, purpose, studies, breakGlass: breakGlassOf(options) }
  return obtainPersonToken(demo, request, binding)
}

function breakGlassOf({ purpose, breakGlassReason: reason, breakGlassText: text }: TokenOptions) {
  if (reason === undefined) return undefined
  if (purpose !== 'BTG') throw new HubError('invalid', '--break-glass-reason needs --purpose BTG')
  return { reason, text }
}

/** The answer of the token endpoint, in its own words (RFC 6749 section 5.1). */
function tokenView(token: IssuedToken): object {
  return {
    access_token: token.accessToken,
    token_type: token.tokenType,
    expires_in: token.expiresIn,
    scope: token.scope,
    authorization_details: token.authorizationDetails,
  }
}
