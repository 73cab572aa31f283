/** Creating one resource over FHIR: validate, decide, write with its Provenance, audit. */
import type { Pool } from 'pg'
import type { Principal } from '../domain/access/principal.ts'
import type { Clock } from '../kernel/clock.ts'
import { HubError } from '../kernel/errors.ts'
import { transaction } from '../storage/db.ts'
import type { JsonObject } from '../wire/fhir/json.ts'
import type { Search } from '../wire/fhir/search.ts'
import type { Validate } from '../wire/fhir/validate.ts'
import { accessRecord } from './access-record.ts'
import type { Access, Authorize } from './authorize.ts'
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
    const created = await transaction(deps.pool, async (db) => {
      const existing = await findExisting(db, access, ifNoneExist)
      if (existing !== undefined) return existing
      return writeResource(db, writer, {
        access,
        resource: withoutIdentity(resource),
        id: deps.newId(),
        provenanceId: deps.newId(),
        at: deps.clock(),
        base: deps.base,
      })
    })
    await auditCreated(deps, { access, created: [created] }, context)
    return created
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
}

/** One event for one request, however many resources it wrote; what was there already was not written. */
export async function auditCreated(
  { recordAudit, clock }: Pick<CreateResourceDeps, 'recordAudit' | 'clock'>,
  { access, created }: Created,
  context: RequestContext,
): Promise<void> {
  const custodian = access.principal.member
  const entities = created.map(
    ({ type, id }) => ({ kind: 'resource', reference: `${type}/${id}`, custodian }) as const,
  )
  const act = created.some((one) => one.created) ? 'create' : 'read'
  await recordAudit(accessRecord(access, { act, at: clock(), outcome: '0', entities }, context))
}
