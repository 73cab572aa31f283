/** An operation as the router mounts it and `/metadata` names it (R4 operations, section 3.2). */
import type { RequestHandler } from 'express'

export interface Operation {
  /** Without the dollar sign: `match`, `ihe-pix`, `export`. */
  readonly name: string
  readonly level: 'system' | 'type' | 'instance'
  /** The types it is defined on; absent at system level. */
  readonly types?: readonly string[] | undefined
  /** GET only where it changes nothing and its parameters may stand in a URL. */
  readonly methods: readonly ('GET' | 'POST')[]
  /** Canonical URL of its OperationDefinition. */
  readonly definition: string
  /** Behind the guard; at type and instance level `req.params` has `type` and `id`. Reads its own body. */
  readonly handle: RequestHandler
}
