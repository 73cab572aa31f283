/** pino behind the kernel's `Log`: one JSON line per event, with nothing in it that must not be written. */
import { pino, type Logger } from 'pino'
import type { Config } from './config.ts'

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

/** `output` is a file descriptor: commands print data on 1, so their log goes to 2. */
export function makeLog(logLevel: Config['logLevel'], output: 1 | 2): Logger {
  return pino(
    {
      level: logLevel,
      // A host name and a pid on every line say little; the time in ISO 8601 can be read.
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (level) => ({ level }) },
      redact: { paths: REDACTED, censor: '[redacted]' },
    },
    pino.destination(output),
  )
}
