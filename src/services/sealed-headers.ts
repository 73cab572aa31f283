/** Headers that a subscriber wants sent along, kept sealed: they are its secrets. */
import type { Sealer } from '../kernel/seal.ts'
import type { StoredSubscription } from '../storage/subscriptions.ts'
import { isJsonObject, textOf } from '../wire/fhir/json.ts'
import type { ChannelHeader } from '../wire/fhir/channel-headers.ts'

const contextOf = (id: string): string => `subscription-headers/${id}`

export function sealHeaders(
  sealer: Sealer,
  id: string,
  headers: readonly ChannelHeader[],
): Buffer | null {
  return headers.length === 0 ? null : sealer.seal(JSON.stringify(headers), contextOf(id))
}

export function openHeaders(
  sealer: Sealer,
  { id, headers }: Pick<StoredSubscription, 'id' | 'headers'>,
): readonly ChannelHeader[] {
  if (headers === null) return []
  const opened: unknown = JSON.parse(sealer.open(headers, contextOf(id)))
  if (!Array.isArray(opened)) return []
  return opened.filter(isJsonObject).map(({ name, value }) => ({
    name: String(name),
    value: textOf(value) ?? '',
  }))
}
