/** What it takes to write one resource for a caller that may. */
import type { JsonObject } from '../wire/fhir/json.ts'
import type { Access } from './authorize.ts'

export interface WriteRequest {
  readonly access: Access
  /** Valid, without a say on its own id. */
  readonly resource: JsonObject
  readonly id: string
  readonly at: Date
  /** The FHIR base address, for absolute references to the hub's own. */
  readonly base: string
}
