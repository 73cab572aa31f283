/**
 * The log a service is given. Compose binds it to pino; what may never be written is left out here
 * by construction: log ids and codes, never resources, names or national ids.
 */
export interface Log {
  debug(fields: object, message: string): void
  info(fields: object, message: string): void
  warn(fields: object, message: string): void
  error(fields: object, message: string): void
}
