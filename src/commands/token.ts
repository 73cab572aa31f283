/** `samsyn token`: prints an access token for one of the demo's identities, for curl. */
import { generateKeyPairSync } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { Command } from 'commander'
import { HubError } from '../kernel/errors.ts'
import type { IssuedToken, PrivateJwk } from '../sources/authorization-client.ts'
import { parseDemoFile, type DemoFile } from '../wire/demo-file.ts'
import { obtainPersonToken, obtainSystemToken, type ObtainedToken } from './obtain-token.ts'
import { printJson } from './print.ts'

export interface TokenCommandDeps {
  /** The data directory of the configuration; asked when the command runs. */
  readonly dataDir: () => string
}

interface TokenOptions {
  readonly user?: string
  readonly patient?: string
  readonly purpose: string
  readonly study?: readonly string[]
  readonly breakGlassReason?: string
  readonly breakGlassText?: string
  readonly client?: string
  readonly scope?: string
  readonly dpopKey?: string
  readonly json?: true
}

export function tokenCommand({ dataDir }: TokenCommandDeps): Command {
  return new Command('token')
    .description('Print an access token of the hub for one of the demo’s identities')
    .option('--user <name>', 'a person, with --patient')
    .option('--patient <national-id>', 'whose images the token is for')
    .option('--purpose <code>', 'why: TREAT, ETREAT, COC or BTG', 'TREAT')
    .option('--study <uid...>', 'only these studies')
    .option('--break-glass-reason <code>', 'with --purpose BTG: the coded reason')
    .option('--break-glass-text <text>', 'with --purpose BTG: the reason in words')
    .option('--client <id>', 'a member’s system')
    .option('--scope <scopes>', 'with --client: these scopes only')
    .option(
      '--dpop-key <file>',
      'bind the token to this key (private JWK); made where it is missing',
    )
    .option('--json', 'print the whole answer as JSON')
    .action(async (options: TokenOptions) => {
      const demo = await readDemoFile(dataDir())
      const { token } = await obtain(demo, options)
      if (options.json) printJson(tokenView(token))
      else console.log(token.accessToken)
    })
}

/** The identities of the demo that runs, or last ran, on this data directory. */
export async function readDemoFile(dataDir: string): Promise<DemoFile> {
  const file = path.join(dataDir, 'demo.json')
  const text = await readFile(file, 'utf8').catch((cause: unknown) => {
    throw new HubError('invalid', `${file} cannot be read; start the demo first`, { cause })
  })
  return parseDemoFile(text)
}

async function obtain(demo: DemoFile, options: TokenOptions): Promise<ObtainedToken> {
  const { user, client, patient } = options
  if ((user === undefined) === (client === undefined))
    throw new HubError('invalid', 'Name one caller: --user with --patient, or --client')
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

async function readDpopKey(file: string | undefined): Promise<PrivateJwk | undefined> {
  if (file === undefined) return undefined
  try {
    const key: unknown = JSON.parse(await readFile(file, 'utf8'))
    if (typeof key === 'object' && key !== null) return { ...key }
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return makeKey(file)
  }
  throw new HubError('invalid', `${file} holds no private JWK`)
}

async function makeKey(file: string): Promise<PrivateJwk> {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const key = { ...privateKey.export({ format: 'jwk' }), alg: 'ES256' }
  await writeFile(file, JSON.stringify(key, null, 2), { mode: 0o600 })
  return key
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
