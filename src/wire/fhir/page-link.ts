/**
 * Page links: the query and where to go on, sealed for one caller. Opaque, so that a query by national
 * id stays out of the URL; bound to client and grant, so that a link is of no use to anyone else.
 */
import { HubError } from '../../kernel/errors.ts'
import type { Sealer } from '../../kernel/seal.ts'
import { isJsonObject } from './json.ts'
import type { QueryPair } from './search.ts'

export interface PagePlace {
  readonly type: string
  readonly pairs: readonly QueryPair[]
  /** Values of the sort keys after which the page begins; absent on the first. */
  readonly after?: readonly (string | null)[] | undefined
}

/** Whom a link is for. */
export interface PageHolder {
  readonly client: string
  readonly grant?: string | undefined
}

const MAX_LENGTH = 16_384

export function sealPage(sealer: Sealer, place: PagePlace, holder: PageHolder): string {
  return sealer.seal(JSON.stringify(place), contextOf(holder)).toString('base64url')
}

/** Throws `invalid` for a link that was altered, or made for another client, grant or type. */
export function openPage(
  sealer: Sealer,
  text: string,
  expected: { readonly holder: PageHolder; readonly type: string },
): PagePlace {
  const place = text.length > MAX_LENGTH ? undefined : tryOpen(sealer, text, expected.holder)
  if (place?.type !== expected.type) {
    throw new HubError('invalid', 'This page link is not of this search; search again')
  }
  return place
}

function tryOpen(sealer: Sealer, text: string, holder: PageHolder): PagePlace | undefined {
  try {
    const place: unknown = JSON.parse(
      sealer.open(Buffer.from(text, 'base64url'), contextOf(holder)),
    )
    return isPagePlace(place) ? place : undefined
  } catch {
    return undefined
  }
}

function contextOf({ client, grant = '' }: PageHolder): string {
  return JSON.stringify(['fhir-page', client, grant])
}

/** What opens was sealed here; this holds an older release's links at bay. */
function isPagePlace(value: unknown): value is PagePlace {
  return (
    isJsonObject(value) &&
    typeof value.type === 'string' &&
    Array.isArray(value.pairs) &&
    (value.after === undefined || Array.isArray(value.after))
  )
}
