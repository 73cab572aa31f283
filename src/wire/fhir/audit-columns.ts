/**
 * What governs and finds an AuditEvent, read back from its text. The columns beside the text are outside
 * the leaf hash, so both the writer and `samsyn audit verify` take them from here: whoever hides an
 * event from its patient by changing a column alone is found out.
 */
import { CUSTODIAN_ROLE, ORGANIZATION_ROLE } from './audit-acts-table.ts'
import { isJsonObject, listOf, textOf, valuesAt, type JsonObject } from './json.ts'
import { holdsNationalId } from './national-id-in-query.ts'
import type { Compared, SearchValues } from './search-entries.ts'
import { searchValues } from './search-values.ts'
import { AUDIT_ACT_SYSTEM, DISCLOSURE_SYSTEM } from './systems.ts'

/** Who may see the event; never differs from the text in an untouched log. */
export interface AuditColumns {
  readonly id: string
  readonly recorded: Date
  readonly patient: string | null
  readonly custodians: readonly string[]
  readonly member: string | null
}

/** A text that was tampered with gives other columns, not an exception. */
export function auditColumns(event: JsonObject): AuditColumns {
  return {
    id: textOf(event.id) ?? '',
    recorded: new Date(textOf(event.recorded) ?? Number.NaN),
    patient: idsOf('Patient', valuesAt(event, 'entity.what'))[0] ?? null,
    custodians: organizations(event, CUSTODIAN_ROLE.code),
    member: organizations(event, ORGANIZATION_ROLE.code)[0] ?? null,
  }
}

type Entries = Omit<SearchValues, 'date'>

/** What part of an event is found by, and ends of keys that may tell a person. */
export interface PartEntries extends Entries {
  readonly told: readonly string[]
}

/**
 * What the log is searched by (`SearchValues`). Verifying compares it as well, so a version that derives other
 * values comes with a migration that rewrites those of the events already there: the columns lie outside the
 * tree, which rewriting them does not touch. No national id is among them, whatever a foreign event holds.
 * `entriesOfCall` may be one that remembers.
 */
export function auditSearchEntries(
  event: JsonObject,
  entriesOfCall: (call: JsonObject) => PartEntries = entriesOfPart,
): Entries {
  const { resourceType, meta, entity, type, subtype, action, outcome, agent, source } = event
  const call = entriesOfCall({ resourceType, type, subtype, action, outcome, agent, source })
  const touched = entriesOfPart({ resourceType, meta, entity })
  const told = new Set([...call.told, ...touched.told])
  const keys = [...call.keys, ...touched.keys]
  return {
    keys: told.size === 0 ? keys : keys.filter((key) => !told.has(lastPart(key))),
    refs: [...call.refs, ...touched.refs],
    compared: mergedCompared(call.compared, touched.compared),
  }
}

/** Of the members that it has. */
export function entriesOfPart(part: JsonObject): PartEntries {
  const { keys, refs, compared } = searchValues(part)
  const { s: texts = {}, ...others } = compared
  const harmless = Object.entries(texts)
    .map(([code, all]) => [code, all.filter(tellsNobody)] as const)
    .filter(([, all]) => all.length > 0)
  const harmful = new Set(keys.filter((key) => !tellsNobody(key)))
  return {
    keys: keys.filter((key) => !harmful.has(key)),
    refs,
    compared: { ...others, ...(harmless.length > 0 && { s: Object.fromEntries(harmless) }) },
    told: [...harmful].map(lastPart).filter((part) => part !== ''),
  }
}

/** No parameter finds its values in both parts, but for `patient`, which has a column. */
function mergedCompared(one: Compared, other: Compared): Compared {
  const { s, ...rest } = { ...one, ...other }
  return s === undefined ? rest : { ...rest, s: { ...one.s, ...other.s } }
}

/** A value under the system of national ids is found without its system too. */
function lastPart(key: string): string {
  const bar = key.lastIndexOf('|')
  return bar < 0 ? '' : key.slice(bar + 1)
}

function tellsNobody(text: string): boolean {
  return !holdsNationalId(['identifier', text])
}

/** The disclosure a closing event ends and the digest of the objects it lists; undefined for other events. */
export function closedDisclosure(
  event: JsonObject,
): { readonly id: string; readonly digest: string } | undefined {
  for (const entity of listOf(event.entity).filter(isJsonObject)) {
    const [identifier] = valuesAt(entity, 'what.identifier')
    if (!isJsonObject(identifier) || identifier.system !== DISCLOSURE_SYSTEM) continue
    const details = listOf(entity.detail).filter(isJsonObject)
    const digest = textOf(details.find(({ type }) => type === 'digest')?.valueString)
    const id = textOf(identifier.value)
    if (id !== undefined && digest !== undefined) return { id, digest }
  }
  return undefined
}

/** The grant and the reviewing custodians of an emergency access; undefined for other events. */
export function brokenGlass(
  event: JsonObject,
): { readonly grant: string; readonly custodians: readonly string[] } | undefined {
  const own = listOf(event.subtype)
    .filter(isJsonObject)
    .find(({ system }) => system === AUDIT_ACT_SYSTEM)
  if (own?.code !== 'break-glass') return undefined
  const [grant] = idsOf('Grant', valuesAt(event, 'entity.what'))
  return grant === undefined ? undefined : { grant, custodians: auditColumns(event).custodians }
}

function organizations(event: JsonObject, role: string): readonly string[] {
  const agents = listOf(event.agent).filter(isJsonObject)
  const playing = agents.filter((agent) => valuesAt(agent, 'type.coding.code').includes(role))
  return idsOf(
    'Organization',
    playing.map(({ who }) => who),
  )
}

function idsOf(type: string, references: readonly unknown[]): readonly string[] {
  return references.flatMap((reference) => {
    const target = isJsonObject(reference) ? textOf(reference.reference) : undefined
    return target?.startsWith(`${type}/`) === true ? [target.slice(type.length + 1)] : []
  })
}
