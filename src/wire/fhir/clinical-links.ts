/** How clinical resources name their patient, and what else of the registry they refer to. */
import { lookup } from '../../kernel/lookup.ts'
import { isJsonObject, textOf, type JsonObject } from './json.ts'
import { namedPatient, type NamedPatient } from './report-links.ts'

/** The element that says whom a resource of the type is about, where it is not `subject`. */
const SUBJECTS: Readonly<Record<string, string>> = { Task: 'for', Binary: 'securityContext' }

export function subjectElement(type: string): string {
  return lookup(SUBJECTS, type) ?? 'subject'
}

/** Absent where the resource names nobody, or what is no person: a group, a device, a place. */
export function subjectOf(resource: JsonObject, base: string): NamedPatient | undefined {
  const subject = resource[subjectElement(String(resource.resourceType))]
  if (subject === undefined) return undefined
  const named = namedPatient({ subject }, base)
  return named.kind === 'other' && isOfNobody(subject) ? undefined : named
}

const NOBODY = /^(?:Group|Device|Location|Practitioner|Organization|Medication|Substance)\/[^/]+$/

function isOfNobody(subject: unknown): boolean {
  const reference = isJsonObject(subject) ? textOf(subject.reference) : undefined
  return reference !== undefined && NOBODY.test(reference)
}

/** `Type/id` of every reference to the hub's own resources of these types, anywhere in the resource. */
export function localReferences(
  resource: JsonObject,
  { types, base }: { readonly types: readonly string[]; readonly base: string },
): readonly string[] {
  const found = new Set<string>()
  collect(resource, (reference) => {
    const local = localReference(reference, base)
    if (local !== undefined && types.includes(local.type)) found.add(`${local.type}/${local.id}`)
  })
  return [...found]
}

function collect(value: unknown, note: (reference: string) => void): void {
  if (Array.isArray(value)) {
    for (const one of value) collect(one, note)
    return
  }
  if (!isJsonObject(value)) return
  for (const [name, one] of Object.entries(value)) {
    if (name === 'reference' && typeof one === 'string') note(one)
    else if (typeof one === 'object') collect(one, note)
  }
}

export interface LocalReference {
  readonly type: string
  readonly id: string
}

/** A relative reference, or an absolute one below the hub's base; the version is left aside. */
export function localReference(reference: string, base: string): LocalReference | undefined {
  const local = reference.startsWith(`${base}/`) ? reference.slice(base.length + 1) : reference
  const { type, id } = LOCAL.exec(local)?.groups ?? {}
  return type === undefined || id === undefined ? undefined : { type, id }
}

const LOCAL = /^(?<type>[A-Z][A-Za-z]+)\/(?<id>[A-Za-z0-9.-]{1,64})(?:\/_history\/[^/]+)?$/
