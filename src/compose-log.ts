/** pino behind the kernel's `Log`: one JSON line per event, with nothing in it that must not be written. */
import { pino, type DestinationStream, type Logger } from 'pino'
import type { Config } from './config.ts'
import { maskElevenDigits } from './domain/identity/suspect-national-id.ts'

/** By construction nothing logs these; should a careless line do so, they are not printed. */
const REDACTED = [
  'authorization',
  'dpop',
  'password',
  'secret',
  'token',
  'access_token',
  'client_assertion',
  'identifier',
  'patientId',
  'name',
].flatMap((field) => [field, `*.${field}`, `*.*.${field}`])

/** `output` is a file descriptor or a stream: commands print data on 1, so their log goes to 2. */
export function makeLog(logLevel: Config['logLevel'], output: 1 | 2 | DestinationStream): Logger {
  return pino(
    {
      level: logLevel,
      // A host name and a pid on every line say little; the time in ISO 8601 can be read.
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (level) => ({ level }) },
      redact: { paths: REDACTED, censor: '[redacted]' },
      serializers: { err: describeError },
    },
    typeof output === 'number' ? pino.destination(output) : output,
  )
}

/** Causes of causes that are told. */
const MAX_CAUSES = 4

interface Description {
  readonly type: string
  readonly message: string
  readonly code?: string | undefined
  readonly stack?: string | undefined
  readonly cause?: Description | undefined
}

/**
 * What is known to be safe and useful, and no member more: PostgreSQL's errors carry the row's values in
 * `detail`, and others the request that failed.
 */
export function describeError(error: unknown, causes = MAX_CAUSES): Description {
  if (!(error instanceof Error)) return { type: typeof error, message: mask(String(error)) }
  const { name, cause } = error
  const code = 'code' in error && typeof error.code === 'string' ? error.code : undefined
  const { message, stack } = isDataError(code) ? withoutValue(error, code) : error
  return {
    type: name,
    message: mask(message),
    code,
    stack: stack === undefined ? undefined : mask(stack),
    cause: cause === undefined || causes === 0 ? undefined : describeError(cause, causes - 1),
  }
}

/** SQLSTATE class 22, data exception: PostgreSQL's message quotes the value. */
function isDataError(code: string | undefined): code is string {
  return code !== undefined && /^22[0-9A-Z]{3}$/.test(code)
}

/** Where it was thrown is told; the head of a stack repeats the message, which may have several lines. */
function withoutValue({ stack = '' }: Error, code: string): Pick<Error, 'message' | 'stack'> {
  const frames = stack.split('\n').filter((line) => /^ {4}at /.test(line))
  return {
    message: `PostgreSQL does not take a value (SQLSTATE ${code})`,
    stack: frames.join('\n'),
  }
}

/** A message may quote what it could not read: a personal number, or a token, proof or assertion (a JWT). */
function mask(text: string): string {
  return maskElevenDigits(text).replaceAll(/\beyJ[\w-]+(?:\.[\w-]*)*/g, '***')
}
