/** Creating one resource over FHIR: decide, validate, write with its Provenance and its event. */
import type { Pool } from 'pg'
import type { Principal } from '../domain/access/principal.ts'
import type { AuditRecord } from '../domain/audit/event.ts'
import type { Clock } from '../kernel/clock.ts'
import { HubError } from '../kernel/errors.ts'
import type { JsonObject } from '../wire/fhir/json.ts'
import type { Search } from '../wire/fhir/search.ts'
import type { Validate } from '../wire/fhir/validate.ts'
import { accessRecord } from './access-record.ts'
import type { Access, Authorize } from './authorize.ts'
import { loggedTransaction } from './logged-transaction.ts'
import { permit, type PermitDeps } from './permit.ts'
import type { RecordAudit, RequestContext } from './record-audit.ts'
import { writerOf } from './resource-writers.ts'
import { findExisting, withoutIdentity, writeResource } from './write-resource.ts'
import type { CreatedResource } from './write-resource.ts'

export type { CreatedResource }

export interface CreateRequest {
  readonly resource: JsonObject
  /** `If-None-Exist`, parsed. */
  readonly ifNoneExist?: Search | undefined
}

export interface CreateResourceDeps {
  readonly pool: Pool
  readonly authorize: Authorize
  readonly recordAudit: RecordAudit
  readonly validate: Validate
  readonly clock: Clock
  readonly newId: () => string
  /** The FHIR base address. */
  readonly base: string
}

/**
 * Throws `method-not-allowed` for a type that is not created here, `unprocessable` with every problem of
 * an invalid resource, `precondition-failed`, and what the decision throws.
 */
export type CreateResource = (
  principal: Principal,
  request: CreateRequest,
  context: RequestContext,
) => Promise<CreatedResource>

export function makeCreateResource(deps: CreateResourceDeps): CreateResource {
  return async (principal, { resource, ifNoneExist }, context) => {
    const type = String(resource.resourceType)
    const writer = writerOf(type)
    const asked = { principal, action: writer.action, type }
    const access = await authorizeWrite(deps, asked, context)
    const problems = deps.validate(resource)
    if (problems.length > 0) {
      throw new HubError('unprocessable', `The ${type} is not valid`, { problems })
    }
    return loggedTransaction(deps, async (db) => {
      const result =
        (await findExisting(db, access, ifNoneExist)) ??
        (await writeResource(db, writer, {
          access,
          resource: withoutIdentity(resource),
          id: deps.newId(),
          provenanceId: deps.newId(),
          at: deps.clock(),
          base: deps.base,
        }))
      const at = deps.clock()
      return { result, record: createdRecord({ access, created: [result], at }, context) }
    })
  }
}

interface Asked {
  readonly principal: Principal
  readonly action: Access['action']
  /** What is written: a resource type, or a path. */
  readonly type: string
}

/** The decision for a write; a refusal is audited. */
export function authorizeWrite(
  deps: PermitDeps,
  { principal, action, type }: Asked,
  context: RequestContext,
): Promise<Access> {
  return permit(deps, { principal, action, query: `POST ${type}` }, context)
}

interface Created {
  readonly access: Access
  readonly created: readonly CreatedResource[]
  readonly at: Date
}

/** One event for one request, however many resources it wrote; what was there already was not written. */
export function createdRecord(
  { access, created, at }: Created,
  context: RequestContext,
): AuditRecord {
  const custodian = access.principal.member
  const entities = created.map(
    ({ type, id }) => ({ kind: 'resource', reference: `${type}/${id}`, custodian }) as const,
  )
  const act = created.some((one) => one.created) ? 'create' : 'read'
  return accessRecord(access, { act, at, outcome: '0', entities }, context)
}
