/** `$status`, `$events` and `$get-ws-binding-token` (Subscriptions R5 Backport 1.1, "Operations"). */
import type { Request } from 'express'
import { HubError } from '../../../kernel/errors.ts'
import type { IssueBindingToken } from '../../../services/binding-tokens.ts'
import type { ReportEvents, ReportStatus } from '../../../services/subscription-status.ts'
import { contextOf, principalOf } from '../../request-state.ts'
import { sendResource, sendText } from '../send.ts'
import type { Operation } from './operation.ts'
import { operationInput, type Input } from './subscription-parameters.ts'

export interface SubscriptionOperationsDeps {
  readonly reportStatus: ReportStatus
  readonly reportEvents: ReportEvents
  readonly issueBindingToken: IssueBindingToken
  /** Address of the websocket, as the client reaches it. */
  readonly socketUrl: string
}

const GUIDE = 'http://hl7.org/fhir/uv/subscriptions-backport/OperationDefinition'
const TYPES = ['Subscription']
const BOTH = ['GET', 'POST'] as const

export function subscriptionOperations(deps: SubscriptionOperationsDeps): readonly Operation[] {
  const status = { name: 'status', types: TYPES, methods: BOTH } as const
  const binding = { name: 'get-ws-binding-token', types: TYPES, methods: BOTH } as const
  const levels = ['type', 'instance'] as const
  return [
    ...levels.map((level) => ({
      ...{ ...status, level, definition: `${GUIDE}/backport-subscription-status` },
      handle: statusHandler(deps),
    })),
    {
      ...{ name: 'events', level: 'instance', types: TYPES, methods: BOTH },
      definition: `${GUIDE}/backport-subscription-events`,
      handle: eventsHandler(deps),
    },
    ...levels.map((level) => ({
      ...{ ...binding, level, definition: `${GUIDE}/backport-subscription-get-ws-binding-token` },
      handle: bindingHandler(deps),
    })),
  ]
}

type Handler = Operation['handle']

function statusHandler({ reportStatus }: SubscriptionOperationsDeps): Handler {
  return async function status(req, res) {
    const input = await operationInput(req, res)
    const id = idOf(req)
    const question = {
      ids: id === undefined ? input.get('id') : [id],
      statuses: id === undefined ? input.get('status') : undefined,
    }
    const bundle = await reportStatus(principalOf(req), question, contextOf(req))
    if (id !== undefined && bundle.total === 0)
      throw new HubError('not-found', 'No such Subscription of this client')
    sendResource(req, res, 200, bundle)
  }
}

/** Numbers above this are none that the hub gives. */
const LAST = Number.MAX_SAFE_INTEGER

function eventsHandler({ reportEvents }: SubscriptionOperationsDeps): Handler {
  return async function events(req, res) {
    const input = await operationInput(req, res)
    const question = {
      id: idOf(req) ?? '',
      since: numberOf(input, 'eventsSinceNumber') ?? 1,
      until: numberOf(input, 'eventsUntilNumber') ?? LAST,
    }
    sendText(req, res, 200, await reportEvents(principalOf(req), question, contextOf(req)))
  }
}

function bindingHandler({ issueBindingToken, socketUrl }: SubscriptionOperationsDeps): Handler {
  return async function bindingToken(req, res) {
    const input = await operationInput(req, res)
    const id = idOf(req)
    const ids = id === undefined ? input.get('id') : [id]
    const { token, expiresAt, subscriptions } = await issueBindingToken(
      principalOf(req),
      ids,
      contextOf(req),
    )
    sendResource(req, res, 200, {
      resourceType: 'Parameters',
      parameter: [
        { name: 'token', valueString: token },
        { name: 'expiration', valueDateTime: expiresAt.toISOString() },
        ...subscriptions.map((one) => ({ name: 'subscription', valueString: one })),
        { name: 'websocket-url', valueUrl: socketUrl },
      ],
    })
  }
}

function idOf({ params }: Request): string | undefined {
  const { id } = params
  return typeof id === 'string' ? id : undefined
}

function numberOf(input: Input, name: string): number | undefined {
  const [text] = input.get(name) ?? []
  if (text === undefined) return undefined
  if (/^\d{1,15}$/.test(text)) return Number(text)
  throw new HubError('invalid', `${name} is not a number`)
}
