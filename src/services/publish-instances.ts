/**
 * Publishing by deposit (STOW-RS, PS3.18 section 10.5): lay the objects down, make them durable, enter
 * them in the index in one transaction, and only then answer. A request whose transport breaks keeps
 * nothing: its sender has no answer and will send it again.
 */
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Principal } from '../domain/access/principal.ts'
import type { AuditEntity, AuditRecord } from '../domain/audit/event.ts'
import type { InstanceUid, StudyUid } from '../kernel/ids.ts'
import type { Landing, ObjectStore } from '../storage/objects.ts'
import type { FailedReference, StoreResult } from '../wire/dicom/stow-response.ts'
import { accessRecord } from './access-record.ts'
import type { Access, Authorize } from './authorize.ts'
import { enterInstances, type Entered, type EnterInstancesDeps } from './enter-instances.ts'
import { memoryWeight } from './memory-weight.ts'
import { permit } from './permit.ts'
import {
  receivePart,
  type DepositDefaults,
  type IncomingPart,
  type ReceivedInstance,
} from './receive-part.ts'
import type { RequestContext } from './record-audit.ts'
import { makeTurns } from './turns.ts'

export interface PublishRequest {
  /** The study of the request's path. */
  readonly study?: StudyUid | undefined
  readonly parts: AsyncIterable<IncomingPart>
}

/**
 * The custodian is the caller's member, whatever the objects say. An object that the custodian has
 * deposited before is stored where its bytes are the same and refused where they differ; one that is in
 * the index as held at a source becomes a deposited one. Throws what `Authorize` throws, what the parts
 * throw, and what the object store throws: nothing is kept then.
 */
export type PublishInstances = (
  principal: Principal,
  request: PublishRequest,
  context: RequestContext,
) => Promise<StoreResult>

export interface PublishInstancesDeps extends EnterInstancesDeps {
  readonly objects: ObjectStore
  readonly authorize: Authorize
  readonly defaults: DepositDefaults
  /** Bytes that one request may keep in memory until it is entered; the rest of it is refused. */
  readonly maxKeptBytes?: number | undefined
}

/** What one request keeps in memory until it is entered, and how many requests may. */
const MAX_KEPT_BYTES = 64 * 1024 * 1024
const TURNS = { perClient: 8, inAll: 32 }

export function makePublishInstances(deps: PublishInstancesDeps): PublishInstances {
  const takeTurn = makeTurns(TURNS)
  return async (principal, request, context) => {
    const asked = { principal, action: 'publish', query: 'POST studies' } as const
    const access = await permit(deps, asked, context)
    const giveBack = takeTurn(principal.client)
    try {
      return await publish(deps, { access, request }, context)
    } finally {
      giveBack()
    }
  }
}

interface Publishing {
  readonly access: Access
  readonly request: PublishRequest
}

async function publish(
  deps: PublishInstancesDeps,
  { access, request }: Publishing,
  context: RequestContext,
): Promise<StoreResult> {
  const landing = await deps.objects.createLanding()
  const received = await receiveAll(request, landing, deps).catch(async (error: unknown) => {
    await landing.abort()
    throw error
  })
  const { client, member: custodian } = access.principal
  const { instances, failed } = received
  const recordOf = (entered: Entered): AuditRecord =>
    publishRecord({ access, entered, failed, at: deps.clock() }, context)
  const entered = await enterInstances({ custodian, client, landing, instances, recordOf }, deps)
  return { stored: entered.stored, failed: [...failed, ...entered.failed] }
}

interface ReceivedAll {
  readonly instances: readonly ReceivedInstance[]
  readonly failed: readonly FailedReference[]
}

async function receiveAll(
  { parts, study }: PublishRequest,
  landing: Landing,
  { defaults, maxKeptBytes = MAX_KEPT_BYTES }: PublishInstancesDeps,
): Promise<ReceivedAll> {
  const instances = new Map<InstanceUid, ReceivedInstance>()
  const failed: FailedReference[] = []
  let kept = 0
  for await (const part of parts) {
    const result = await receivePart(part, { landing, study, defaults })
    // A header takes its time to read: everyone else has a turn between two of them.
    await nextTurn()
    if (result.kind === 'refused') {
      failed.push(result.failure)
      continue
    }
    const { instance } = result
    const { instanceUid, sopClassUid } = instance.header
    const first = instances.get(instanceUid)
    const weight = instance.deposited.metadata.length + memoryWeight(instance.header)
    if (first === undefined && kept + weight <= maxKeptBytes) {
      instances.set(instanceUid, instance)
      kept += weight
      continue
    }
    await landing.rewind(instance.deposited.offset)
    if (first === undefined) failed.push({ reason: 'out-of-resources', instanceUid, sopClassUid })
    // The same object twice in one request: the first is kept, a different one is refused.
    else if (!isSame(first, instance))
      failed.push({ reason: 'duplicate', instanceUid, sopClassUid })
  }
  return { instances: [...instances.values()], failed }
}

function isSame(one: ReceivedInstance, other: ReceivedInstance): boolean {
  return Buffer.compare(one.deposited.sha256, other.deposited.sha256) === 0
}

interface Published {
  readonly access: Access
  readonly entered: Entered
  /** Refused before anything was entered. */
  readonly failed: readonly FailedReference[]
  readonly at: Date
}

const MAX_ENTITIES = 1000

/** One event for the request: which studies it touched, and whether any of it was refused. */
function publishRecord(
  { access, entered, failed, at }: Published,
  context: RequestContext,
): AuditRecord {
  const custodian = access.principal.member
  const entities = entered.studies
    .slice(0, MAX_ENTITIES)
    .map(({ study, imagingStudy }): AuditEntity => ({
      kind: 'study',
      study,
      imagingStudy,
      custodian,
    }))
  const [failure] = [...failed, ...entered.failed]
  const outcome = failure === undefined ? '0' : entered.stored.length > 0 ? '4' : '8'
  const reason = failure === undefined ? {} : { reason: failure.reason }
  return accessRecord(access, { act: 'publish', at, outcome, entities, ...reason }, context)
}
