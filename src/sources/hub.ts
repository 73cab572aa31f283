/** A hub as its clients see it, the command line and the demo's clinician among them: FHIR and DICOMweb. */
import { Client } from 'fhir-kit-client'
import { HubError } from '../kernel/errors.ts'
import { type AuthorizeRequest, type HubDicomweb, makeHubDicomweb } from './hub-dicomweb.ts'
import { isRecord, refusal, unreachable } from './hub-failure.ts'

/** FHIR JSON as it came. */
export interface FhirResource {
  readonly resourceType: string
  readonly id?: string
  readonly [member: string]: unknown
}

export interface HubClient extends HubDicomweb {
  /**
   * All matches, page after page. The question goes in the body (`POST …/_search`), so that an identifier
   * in it reaches no log.
   */
  search(
    type: string,
    parameters: Readonly<Record<string, string>>,
  ): Promise<readonly FhirResource[]>
  /** `ifNoneExist` is a query: where it finds one, that is what is returned (R4 http, conditional create). */
  create(type: string, resource: FhirResource, ifNoneExist?: string): Promise<FhirResource>
}

export interface HubClientOptions {
  /** Public address of the hub. */
  readonly url: string
  readonly authorize: AuthorizeRequest
}

const MAX_PAGES = 100

/** Every method throws HubError, with the hub's own words where it gave some. */
export function makeHubClient({ url, authorize }: HubClientOptions): HubClient {
  const base = url.replace(/\/+$/, '')
  const fhir = `${base}/fhir`
  const client = new Client({ baseUrl: fhir })
  const headersFor = async (method: string, target: string): Promise<Record<string, string>> => {
    const { origin, pathname } = new URL(target)
    return { ...(await authorize({ method, url: origin + pathname })) }
  }

  async function nextPage(bundle: FhirResource): Promise<FhirResource | undefined> {
    const next = nextLink(bundle)
    if (next === undefined) return undefined
    if (!next.startsWith(`${fhir}/`) && !next.startsWith(`${fhir}?`))
      throw new HubError('source-failed', 'The hub names a next page that is not its own')
    const headers = await headersFor('GET', next)
    return attempt(client.request(next, { options: { headers } }))
  }

  return {
    ...makeHubDicomweb(base, authorize),
    async search(type, parameters) {
      const headers = await headersFor('POST', `${fhir}/${type}/_search`)
      const options = { headers, postSearch: true }
      const question = { resourceType: type, searchParams: { ...parameters }, options }
      const found: FhirResource[] = []
      let page: FhirResource | undefined = await attempt(client.resourceSearch(question))
      for (let pages = 1; page !== undefined; pages += 1) {
        found.push(...resourcesOf(page))
        if (pages === MAX_PAGES) throw new HubError('too-large', 'The search has too many pages')
        page = await nextPage(page)
      }
      return found
    },
    async create(type, resource, ifNoneExist) {
      const headers = await headersFor('POST', `${fhir}/${type}`)
      if (ifNoneExist !== undefined) headers['if-none-exist'] = ifNoneExist
      return attempt(client.create({ resourceType: type, body: resource, options: { headers } }))
    },
  }
}

function nextLink(bundle: FhirResource): string | undefined {
  const links = Array.isArray(bundle.link) ? bundle.link.filter(isRecord) : []
  const url = links.find(({ relation }) => relation === 'next')?.url
  return typeof url === 'string' ? url : undefined
}

/** What was asked for; a search's OperationOutcome is a remark, not a match. */
function resourcesOf(bundle: FhirResource): readonly FhirResource[] {
  const entries = Array.isArray(bundle.entry) ? bundle.entry.filter(isRecord) : []
  return entries
    .map(({ resource }) => resource)
    .filter(isFhirResource)
    .filter(({ resourceType }) => resourceType !== 'OperationOutcome')
}

function isFhirResource(value: unknown): value is FhirResource {
  return isRecord(value) && typeof value.resourceType === 'string'
}

/** The library throws an Error with the answer in `response`, or what fetch threw. */
async function attempt(answer: Promise<FhirResource>): Promise<FhirResource> {
  try {
    return await answer
  } catch (error) {
    const response = error instanceof Error && 'response' in error ? error.response : undefined
    if (!isRecord(response) || typeof response.status !== 'number') throw unreachable(error)
    throw refusal(response.status, response.data)
  }
}
