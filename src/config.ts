/**
 * The environment, read once into a frozen, typed value (interfaces.md, "Configuration"). Every fault is
 * reported at once: an unknown name, a bad value, a combination that production may not run with.
 */
import path from 'node:path'
import { z } from 'zod'
import { HubError, type Problem } from './kernel/errors.ts'

const DURATION = /^(\d+(?:\.\d+)?)\s*(ms|s|min)$/
const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1000, min: 60_000 }

const port = z.coerce.number().int().min(0).max(65_535)
const list = z
  .string()
  .transform((text) => text.split(',').map((item) => item.trim()))
  .refine((items) => items.every((item) => item !== ''), 'has an empty entry')
const duration = z.string().transform((text, context) => {
  const [, amount, unit] = DURATION.exec(text.trim()) ?? []
  if (amount !== undefined && unit !== undefined) return Number(amount) * (UNITS[unit] ?? 1)
  context.addIssue('is not a duration such as "10 s", "500 ms" or "2 min"')
  return z.NEVER
})

const issuers = z
  .string()
  .transform((text, context): unknown => {
    try {
      return JSON.parse(text)
    } catch {
      context.addIssue('is not JSON')
      return z.NEVER
    }
  })
  .pipe(
    z.array(
      z.strictObject({
        /** Exact `iss` of the tokens. */
        issuer: z.url(),
        /** The single exact `aud` that means this hub. */
        audience: z.string().min(1),
        /** How claims become a person. */
        profile: z.literal('helseid'),
      }),
    ),
  )

const VARIABLES = z.object({
  SAMSYN_ENV: z.enum(['development', 'production']).default('development'),
  SAMSYN_HOST: z.string().min(1).default('127.0.0.1'),
  SAMSYN_PORT: port.default(8080),
  SAMSYN_BASE_URL: z.url({ protocol: /^https?$/ }).optional(),
  DATABASE_URL: z
    .string()
    .regex(/^postgres(ql)?:\/\//, 'is not a postgresql:// URL')
    .optional(),
  SAMSYN_DATA_DIR: z.string().min(1).default('.samsyn'),
  SAMSYN_OBJECT_STORE: z
    .string()
    .regex(/^file:/, 'is not a file: URL')
    .optional(),
  SAMSYN_TRUSTED_ISSUERS: issuers.default([]),
  SAMSYN_POLICY_PROFILE: z.string().min(1).default('no-care'),
  SAMSYN_OPERATIONS_PORT: port.optional(),
  SAMSYN_MLLP_PORT: port.optional(),
  SAMSYN_TLS_CERT: z.string().min(1).optional(),
  SAMSYN_TLS_KEY: z.string().min(1).optional(),
  SAMSYN_TRUST_PROXY: list.default([]),
  SAMSYN_EGRESS_ALLOW: list.default(['loopback']),
  SAMSYN_KEY_FILE: z.string().min(1).optional(),
  SAMSYN_AUDIT_ANCHOR: z.string().min(1).optional(),
  SAMSYN_STUDY_SETTLE: duration.default(10_000),
  SAMSYN_NATIONAL_ID_IN_URL: z.enum(['reject', 'allow']).default('reject'),
  SAMSYN_LOG_LEVEL: z.enum(['debug', 'info', 'warn', 'error', 'silent']).default('info'),
})

/** Named in interfaces.md, served by a later version: better refused than ignored. */
const LATER = /^SAMSYN_(DIMSE_PORT|AE_TITLE|WORKERS)$/
/** The tests' own. */
const IGNORED = /^SAMSYN_(TEST_|REQUIRE_PEERS$)/

export interface Config {
  readonly environment: 'development' | 'production'
  readonly host: string
  readonly port: number
  /** Public address without a trailing slash: issuer, links, DPoP `htu`. */
  readonly baseUrl: string
  /** Absent: PostgreSQL embedded in the data directory. */
  readonly databaseUrl: string | undefined
  readonly dataDir: string
  readonly objectsFolder: string
  readonly trustedIssuers: readonly {
    readonly issuer: string
    readonly audience: string
    readonly profile: 'helseid'
  }[]
  readonly policyProfile: string
  readonly operationsPort: number | undefined
  /** HL7 v2 over MLLP; absent: no listener. */
  readonly mllpPort: number | undefined
  readonly tls: { readonly cert: string; readonly key: string } | undefined
  readonly trustProxy: readonly string[]
  readonly egressAllow: readonly string[]
  readonly keyFile: string
  /** Whether a missing key file is made: never where the operator named one in production. */
  readonly mayCreateKeys: boolean
  readonly auditAnchor: string
  readonly studySettleMs: number
  readonly nationalIdInUrl: 'reject' | 'allow'
  readonly logLevel: 'debug' | 'info' | 'warn' | 'error' | 'silent'
}

type Environment = Readonly<Record<string, string | undefined>>

/** The environment's configuration with these variables set over it: what a command line says wins. */
export function readConfigWith(over: Environment): Config {
  return readConfig({ ...process.env, ...over })
}

/** Throws `invalid` with one problem per fault. */
export function readConfig(environment: Environment = process.env): Config {
  const set = Object.entries(environment).filter(([, value]) => value !== undefined && value !== '')
  const parsed = VARIABLES.safeParse(Object.fromEntries(set))
  const problems = [...unknownNames(set.map(([name]) => name)), ...badValues(parsed)]
  if (parsed.success) problems.push(...insecure(parsed.data))
  if (!parsed.success || problems.length > 0) {
    throw new HubError('invalid', 'The configuration is not valid', { problems })
  }
  return Object.freeze(toConfig(parsed.data))
}

type Values = z.infer<typeof VARIABLES>

function unknownNames(names: readonly string[]): Problem[] {
  const known = new Set(Object.keys(VARIABLES.shape))
  return names
    .filter((name) => name.startsWith('SAMSYN_') && !known.has(name) && !IGNORED.test(name))
    .map((location) => ({
      location,
      text: LATER.test(location) ? 'is not supported by this version' : 'is not a known variable',
    }))
}

function badValues(parsed: z.ZodSafeParseResult<Values>): Problem[] {
  const issues = parsed.success ? [] : parsed.error.issues
  return issues.map(({ path: [name, ...rest], message }) => ({
    location: [String(name), ...rest.map(String)].join('.'),
    text: message,
  }))
}

function insecure(values: Values): Problem[] {
  const problems: Problem[] = []
  const demand = (holds: boolean, location: string, text: string): void => {
    if (!holds) problems.push({ location, text })
  }
  const hasTls = values.SAMSYN_TLS_CERT !== undefined
  demand(
    hasTls === (values.SAMSYN_TLS_KEY !== undefined),
    'SAMSYN_TLS_CERT',
    'needs SAMSYN_TLS_KEY, and it this',
  )
  if (values.SAMSYN_ENV === 'development') return problems

  const production = (holds: boolean, location: string, text: string): void => {
    demand(holds, location, `${text} when SAMSYN_ENV is production`)
  }
  production(
    values.SAMSYN_BASE_URL?.startsWith('https:') === true,
    'SAMSYN_BASE_URL',
    'must be set and https',
  )
  production(values.SAMSYN_KEY_FILE !== undefined, 'SAMSYN_KEY_FILE', 'must be set')
  production(values.DATABASE_URL !== undefined, 'DATABASE_URL', 'must be set')
  production(
    values.SAMSYN_TRUSTED_ISSUERS.every(({ issuer }) => issuer.startsWith('https:')),
    'SAMSYN_TRUSTED_ISSUERS',
    'must be https',
  )
  production(
    values.SAMSYN_NATIONAL_ID_IN_URL === 'reject',
    'SAMSYN_NATIONAL_ID_IN_URL',
    'must be reject',
  )
  return problems
}

function toConfig(values: Values): Config {
  const dataDir = path.resolve(values.SAMSYN_DATA_DIR)
  const { SAMSYN_TLS_CERT: cert, SAMSYN_TLS_KEY: key } = values
  const tls = cert !== undefined && key !== undefined ? { cert, key } : undefined
  const origin = `${tls === undefined ? 'http' : 'https'}://${hostInUrl(values.SAMSYN_HOST)}`
  const objects = values.SAMSYN_OBJECT_STORE?.replace(/^file:(\/\/)?/, '')
  return {
    environment: values.SAMSYN_ENV,
    host: values.SAMSYN_HOST,
    port: values.SAMSYN_PORT,
    baseUrl: (values.SAMSYN_BASE_URL ?? `${origin}:${values.SAMSYN_PORT}`).replace(/\/+$/, ''),
    databaseUrl: values.DATABASE_URL,
    dataDir,
    objectsFolder: path.resolve(dataDir, objects ?? 'objects'),
    trustedIssuers: values.SAMSYN_TRUSTED_ISSUERS,
    policyProfile: values.SAMSYN_POLICY_PROFILE,
    operationsPort: values.SAMSYN_OPERATIONS_PORT,
    mllpPort: values.SAMSYN_MLLP_PORT,
    tls,
    trustProxy: values.SAMSYN_TRUST_PROXY,
    egressAllow: values.SAMSYN_EGRESS_ALLOW,
    keyFile: path.resolve(values.SAMSYN_KEY_FILE ?? path.join(dataDir, 'keys.json')),
    mayCreateKeys: values.SAMSYN_ENV === 'development',
    auditAnchor: path.resolve(
      values.SAMSYN_AUDIT_ANCHOR ?? path.join(dataDir, 'audit-anchor.ndjson'),
    ),
    studySettleMs: values.SAMSYN_STUDY_SETTLE,
    nationalIdInUrl: values.SAMSYN_NATIONAL_ID_IN_URL,
    logLevel: values.SAMSYN_LOG_LEVEL,
  }
}

/** `localhost` reads better than 127.0.0.1 in the addresses the demo prints; it is the same listener. */
function hostInUrl(host: string): string {
  if (host === '127.0.0.1' || host === '0.0.0.0') return 'localhost'
  return host.includes(':') ? `[${host}]` : host
}
