/** The URL of a Bundle's entry: which interaction of which resource it asks for, relative to the hub's base. */

export const BUNDLE_METHODS = ['DELETE', 'POST', 'PUT', 'PATCH', 'GET', 'HEAD'] as const
export type BundleMethod = (typeof BUNDLE_METHODS)[number]

export interface EntryUrl {
  readonly type: string
  readonly id?: string | undefined
  /** For vread. */
  readonly version?: number | undefined
  readonly isHistory: boolean
  /** A search, a condition, or the parameters of a read. */
  readonly query?: string | undefined
}

const FORM =
  /^(?<type>[A-Z][A-Za-z]+)(?:\/(?<id>(?!_)[A-Za-z0-9.-]{1,64}))?(?<history>\/_history(?:\/(?<version>[1-9]\d{0,8}))?)?(?:\?(?<query>.*))?$/s

/** What is wrong, where it is no URL of an interaction that a Bundle may hold. */
export function readEntryUrl(method: BundleMethod, text: string, base: string): EntryUrl | string {
  const local = text.startsWith(`${base}/`) ? text.slice(base.length + 1) : text
  const { type, id, history, version, query } = FORM.exec(local)?.groups ?? {}
  if (type === undefined)
    return 'Must be a resource type, with an id or a query where the method has one'
  const isHistory = history !== undefined && version === undefined
  const number = version === undefined ? undefined : Number(version)
  const url: EntryUrl = { type, id, version: number, isHistory, query }
  return wrongFor(method, url) ?? url
}

function wrongFor(method: BundleMethod, url: EntryUrl): string | undefined {
  const { id, version, isHistory, query } = url
  if (method === 'GET' || method === 'HEAD') {
    return version !== undefined && id === undefined ? 'A version is one of an id' : undefined
  }
  if (isHistory || version !== undefined) return 'The history of a resource can only be read'
  if (method === 'POST')
    return id === undefined && query === undefined
      ? undefined
      : 'A create names its type and nothing else'
  return (id === undefined) === (query === undefined)
    ? 'Must name the resource by an id or by a query'
    : undefined
}
