/** Subscriptions end to end below the FHIR face: writes, dispatch, delivery, and a receiver on a real socket. */
import { randomUUID } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'
import type { TestContext } from 'node:test'
import { specificationTexts } from '../../src/definition-files.ts'
import { NO_FACTS, type ObjectFacts } from '../../src/domain/access/filter.ts'
import type { Principal } from '../../src/domain/access/principal.ts'
import { makeSubscriptions } from '../../src/services/make-subscriptions.ts'
import { makeEgress, type Egress } from '../../src/sources/egress.ts'
import { addClientHook } from '../../src/storage/client-hooks.ts'
import { lockCurrentRow } from '../../src/storage/current-row.ts'
import { transaction } from '../../src/storage/db.ts'
import { putResource, readResource } from '../../src/storage/resources.ts'
import { searchValues } from '../../src/wire/fhir/search-values.ts'
import { makeDefinitions } from '../../src/wire/fhir/definitions.ts'
import { parseResourceJson } from '../../src/wire/fhir/parse-json.ts'
import { makeStructures } from '../../src/wire/fhir/structures.ts'
import { makeXml } from '../../src/wire/fhir/xml.ts'
import { CLIENT, CONTEXT, startAccess, system, type AccessServices } from './access-services.ts'
import * as world from './access-worlds.ts'
import { listen } from './listen.ts'
import { silentLog } from './log.ts'
import { newKey, type PrivateKey } from './oauth-world.ts'

const BASE = 'https://hub.example/fhir'
const GUIDE = 'http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition'

export interface Received {
  readonly headers: IncomingHttpHeaders
  readonly text: string
  // What comes over a socket is untyped until it is asserted on.
  readonly bundle: any
}

export interface Receiver {
  readonly url: string
  /** Each POST, in order of arrival, answered or not. */
  readonly received: readonly Received[]
  /** What it answers from now on; `hang` never does. */
  answer: number | 'hang'
}

export async function startReceiver(t: TestContext): Promise<Receiver> {
  const received: Received[] = []
  const receiver = { url: '', received, answer: 200 as number | 'hang' }
  const address = await listen(t, (req, res) => {
    const pieces: Buffer[] = []
    req.on('data', (piece: Buffer) => pieces.push(piece))
    req.on('end', () => {
      const text = Buffer.concat(pieces).toString()
      received.push({
        headers: req.headers,
        text,
        bundle: text.startsWith('{') ? JSON.parse(text) : undefined,
      })
      if (receiver.answer !== 'hang') res.writeHead(receiver.answer).end()
    })
  })
  receiver.url = `${address}/hook`
  return receiver
}

export interface SubscriberWorld extends ReturnType<typeof makeNode> {
  readonly access: AccessServices
  readonly key: PrivateKey
  /** Of the database. */
  readonly url: string
  /** Hands out and delivers until nothing is due. */
  settle(): Promise<void>
  /** Writes the Subscription as its client; returns its id. */
  subscribe(over?: object, options?: SubscribeOptions): Promise<string>
  /** A version of a resource, as a service writes it. */
  put(resource: Resource, facts?: Partial<ObjectFacts>, how?: PutOptions): Promise<void>
  statusOf(id: string): Promise<{ status: string; error?: string; [name: string]: any }>
  /** Minutes on, with access state up to date. */
  turn(minutes: number): Promise<void>
}

export interface SubscribeOptions {
  readonly id?: string
  readonly principal?: Principal
}

export interface Resource {
  readonly resourceType: string
  readonly id: string
  readonly [name: string]: unknown
}

export interface PutOptions {
  readonly quarantined?: boolean
  readonly method?: 'PUT' | 'DELETE'
}

export interface WorldOptions {
  /** Where the client may be called back. */
  readonly hooks?: readonly string[]
  readonly environment?: 'development' | 'production'
}

/** Subscriptions of a node, over a database that tests share with it. */
export function makeNode({
  environment = 'development',
  usedProofs = new Set(),
  ...given
}: NodeParts): ReturnType<typeof makeSubscriptions> {
  const xml = makeXml(makeStructures(makeDefinitions(specificationTexts())))
  return makeSubscriptions({
    ...{ ...given, environment, base: BASE, newId: () => randomUUID(), chance: () => 0.5 },
    ...{ signingKey: given.key, log: silentLog },
    writeXml: (text) => xml.write(parseResourceJson(Buffer.from(text))),
    useProof: (id) => Promise.resolve(usedProofs.size < usedProofs.add(id).size),
  })
}

type NodeParts = Pick<
  AccessServices,
  'pool' | 'state' | 'authorize' | 'sealer' | 'recordAudit' | 'clock'
> & {
  readonly key: PrivateKey
  readonly egress: Egress
  readonly usedProofs?: Set<string>
  readonly environment?: 'development' | 'production'
}

export async function startSubscribers(
  t: TestContext,
  { hooks = [], environment = 'development' }: WorldOptions = {},
): Promise<SubscriberWorld> {
  const access = await startAccess(t)
  const { pool, url, state, authorize, clock } = access
  for (const hook of hooks) {
    const { host } = new URL(hook)
    await addClientHook(pool, { client: CLIENT, host, at: clock() })
  }
  const egress = makeEgress({ allow: ['loopback'], breakAfter: 1_000 })
  t.after(() => egress.close())
  const key = newKey()
  const node = makeNode({ ...access, key, egress, environment })
  const { subscriptionWriter: writer, dispatchEvents, takeDue } = node
  return {
    ...node,
    ...{ access, key, url },
    async settle() {
      while ((await dispatchEvents()) > 0);
      for (let tell = await takeDue(); tell !== undefined; tell = await takeDue()) await tell()
    },
    async subscribe(over = {}, { id = randomUUID(), principal = system() } = {}) {
      await transaction(pool, async (db) => {
        const previous = await lockCurrentRow(
          db,
          { type: 'Subscription', id },
          { kind: 'custodian', in: [principal.member] },
        )
        const permit = await authorize(principal, 'subscribe')
        const { id: _id, ...resource } = subscription(over)
        const asked = { access: permit, resource, at: clock(), base: BASE, context: CONTEXT }
        const request = { ...asked, id, previous }
        await putResource(db, await writer.toRow(db, request), { method: 'PUT' })
      })
      return id
    },
    async put(resource, facts = {}, { quarantined = false, method = 'PUT' } = {}) {
      const { resourceType: type, id } = resource
      const row = { type, id, resource, facts: { ...NO_FACTS, ...facts }, quarantined }
      await putResource(pool, { ...row, search: searchValues(resource), at: clock() }, { method })
    },
    async statusOf(id) {
      const stored = await readResource(pool, 'Subscription', id)
      return JSON.parse(stored?.content ?? '{}')
    },
    async turn(minutes) {
      access.turn(minutes)
      await state.catchUp()
    },
  }
}

/** All that a subscription to studies needs; `over` changes its members. */
export function subscription({ endpoint, content, filters, numbers, ...over }: any = {}): Resource {
  const isHook = over.channelType !== 'websocket'
  const { channelType = 'rest-hook', header, topic = 'imaging-study', payload, ...rest } = over
  return {
    resourceType: 'Subscription',
    status: 'requested',
    reason: 'A test',
    criteria: `https://samsyn.no/fhir/SubscriptionTopic/${topic}`,
    ...(filters !== undefined && {
      _criteria: {
        extension: filters.map((valueString: string) => ({
          url: `${GUIDE}/backport-filter-criteria`,
          valueString,
        })),
      },
    }),
    channel: {
      type: channelType,
      ...(isHook && { endpoint }),
      payload: payload ?? 'application/fhir+json',
      _payload: {
        extension: [{ url: `${GUIDE}/backport-payload-content`, valueCode: content ?? 'id-only' }],
      },
      ...(header !== undefined && { header }),
      ...(numbers !== undefined && {
        extension: Object.entries(numbers).map(([name, value]) => ({
          url: `${GUIDE}/backport-${name}`,
          valueUnsignedInt: value,
        })),
      }),
    },
    ...rest,
  }
}

/** A study of the requester's own, which its client sees without a person. */
export function ownStudy(over: Partial<ObjectFacts> = {}): Partial<ObjectFacts> {
  return world.study({ custodian: world.REQUESTER, ...over })
}

export function studyResource(id: string, over: object = {}): Resource {
  const subject = { reference: `Patient/${world.PATIENT}` }
  return { resourceType: 'ImagingStudy', id, status: 'available', subject, ...over }
}

/** The parameters of a notification's status by name, the first of each. */
export function statusIn(bundle: any): Record<string, any> {
  const found: Record<string, any> = {}
  for (const { name, part, ...value } of bundle.entry[0].resource.parameter)
    found[name] ??= part ?? Object.values(value)[0]
  return found
}

export interface ToldEvent {
  readonly number: string
  readonly focus: string | undefined
}

/** What a notification says happened. */
export function eventsIn(bundle: any): ToldEvent[] {
  const events = bundle.entry[0].resource.parameter.filter(
    ({ name }: any) => name === 'notification-event',
  )
  return events.map(({ part }: any) => ({
    number: part.find(({ name }: any) => name === 'event-number').valueString,
    focus: part
      .find(({ name }: any) => name === 'focus')
      ?.valueReference.reference.replace(`${BASE}/`, ''),
  }))
}

/** All events that a receiver was told of, in order, repetitions too. */
export function told(receiver: Receiver): ToldEvent[] {
  return receiver.received.flatMap(({ bundle }) => eventsIn(bundle))
}
