/** Who asks the services of a bench, decided before a request comes: what a token would have said. */
import type { Action, Principal } from '../../src/domain/access/principal.ts'

export interface ServiceCallers {
  readonly databaseUrl: string
  /** The FHIR base address. */
  readonly base: string
  /** By `x-caller`. */
  readonly callers: Readonly<Record<string, ServiceCaller>>
}

export interface ServiceCaller extends Omit<Principal, 'actions'> {
  readonly actions: readonly Action[]
}
