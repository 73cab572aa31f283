/** The OpenAPI 3.1 description of /admin, its request bodies taken from the schemas that check them. */
import { jsonSchemas } from '../../wire/admin/requests.ts'

const id = { name: 'id', in: 'path', required: true, schema: { type: 'string' } }
const problem = {
  description: 'RFC 9457 problem details',
  content: { 'application/problem+json': { schema: { type: 'object' } } },
}

interface Operation {
  readonly summary: string
  readonly status?: 200 | 201
  /** Name of the schema in components. */
  readonly body?:
    | 'NewMember'
    | 'NewClient'
    | 'NewAgreement'
    | 'NewSource'
    | 'MovedSource'
    | 'Jwks'
    | 'IdentityDecision'
    | 'PatientMerge'
    | 'NewAuthority'
    | 'RemovedAuthority'
    | 'NewHl7Sender'
    | 'Finding'
  /** Name of the schema whose properties are the query's parameters. */
  readonly query?: 'UnclearIdentityPage' | 'ReviewPage'
  readonly hasId?: true
}

/** Path to method to operation; a test walks them against the router. */
const OPERATIONS: Readonly<Record<string, Readonly<Record<string, Operation>>>> = {
  '/members': {
    get: { summary: 'Every member' },
    post: { summary: 'Admit a member', body: 'NewMember', status: 201 },
  },
  '/members/{id}': { get: { summary: 'One member, by id or organisation number', hasId: true } },
  '/members/{id}/disable': { post: { summary: 'End a member’s access', hasId: true } },
  '/clients': {
    get: { summary: 'Every client' },
    post: { summary: 'Register a client', body: 'NewClient', status: 201 },
  },
  '/clients/{id}/rotate': {
    post: {
      summary: 'Give a client new keys, those sent or a new pair',
      body: 'Jwks',
      hasId: true,
    },
  },
  '/clients/{id}/disable': { post: { summary: 'End a client’s access', hasId: true } },
  '/agreements': {
    get: { summary: 'Every agreement between two members' },
    post: { summary: 'Set what one member shares with another', body: 'NewAgreement' },
  },
  '/sources': {
    get: { summary: 'Every source' },
    post: { summary: 'Register a source', body: 'NewSource', status: 201 },
  },
  '/sources/{id}/move': {
    post: {
      summary: 'Give the source its archive’s new address',
      body: 'MovedSource',
      hasId: true,
    },
  },
  '/sources/{id}/test': { post: { summary: 'Ask the source one small question', hasId: true } },
  '/sources/{id}/sync': { post: { summary: 'Register the source’s studies', hasId: true } },
  '/unclear-identities': {
    get: {
      summary: 'Studies and reports that wait for their patient, oldest first, with who it may be',
      query: 'UnclearIdentityPage',
    },
  },
  '/unclear-identities/{id}/resolution': {
    post: { summary: 'Say whose the study or report is', body: 'IdentityDecision', hasId: true },
  },
  '/patients/{id}/merge': {
    post: {
      summary: 'Say that a Patient is the same person as another, which stands for both',
      body: 'PatientMerge',
      hasId: true,
    },
  },
  '/patients/{id}/unmerge': {
    post: { summary: 'Take back that the Patient was replaced', hasId: true },
  },
  '/authorities': {
    get: { summary: 'Whose feed is listened to for the identifiers of each system' },
    post: {
      summary: 'Name the member that speaks for a system',
      body: 'NewAuthority',
      status: 201,
    },
  },
  '/authorities/removal': {
    post: { summary: 'Let nobody speak for a system any more', body: 'RemovedAuthority' },
  },
  '/hl7-senders': {
    get: { summary: 'Every system that may send HL7 v2 messages' },
    post: { summary: 'Listen to a system’s messages', body: 'NewHl7Sender', status: 201 },
  },
  '/hl7-senders/{id}/disable': {
    post: { summary: 'Reject what a system sends from now on', hasId: true },
  },
  '/reviews': {
    get: {
      summary: 'Emergency accesses that the caller’s member has not reviewed, oldest first',
      query: 'ReviewPage',
    },
  },
  '/reviews/{id}/review': {
    post: { summary: 'Enter what the review found', body: 'Finding', hasId: true },
  },
}

interface OpenApi extends Readonly<Record<string, unknown>> {
  /** Path to method to operation. */
  readonly paths: Readonly<Record<string, object>>
}

/** `baseUrl` as `https://hub.example/admin`. */
export function openApi(baseUrl: string): OpenApi {
  return {
    openapi: '3.1.0',
    info: {
      title: 'Samsyn administration',
      version: '1',
      description:
        'Needs an access token with the scope samsyn:operate of an operator member; /unclear-identities and /patients one with samsyn:link-patients of a member with the role identity-clerk, or an operator’s; /reviews one with samsyn:read-audit of a member with the role privacy-officer.',
    },
    servers: [{ url: baseUrl }],
    security: [{ token: [] }],
    paths: mapValues(OPERATIONS, (methods) => mapValues(methods, describe)),
    components: {
      schemas: jsonSchemas(),
      securitySchemes: { token: { type: 'http', scheme: 'DPoP' } },
    },
  }
}

function describe({ summary, status = 200, body, query, hasId }: Operation): object {
  const parameters = [...(hasId === true ? [id] : []), ...parametersOf(query)]
  const ref = `#/components/schemas/${body ?? ''}`
  const content = { 'application/json': { schema: { $ref: ref } } }
  return {
    summary,
    ...(parameters.length > 0 && { parameters }),
    ...(body !== undefined && { requestBody: { required: body !== 'Jwks', content } }),
    responses: {
      [status]: { description: 'Done', content: { 'application/json': { schema: {} } } },
      default: problem,
    },
  }
}

function parametersOf(query: Operation['query']): readonly object[] {
  const schema = query && jsonSchemas()[query]
  const properties = schema !== undefined && 'properties' in schema ? schema.properties : {}
  return Object.entries(properties ?? {}).map(([name, described]: [string, unknown]) => ({
    name,
    in: 'query',
    schema: described,
  }))
}

function mapValues<From, To>(
  record: Readonly<Record<string, From>>,
  change: (value: From) => To,
): Record<string, To> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, change(value)]))
}
