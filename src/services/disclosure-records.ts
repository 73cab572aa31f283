/** The two audit records of a disclosure, from what was known when it opened and what it came to. */
import { objectsDigest } from '../domain/audit/disclosure.ts'
import type { AuditOutcome, AuditRecord } from '../domain/audit/event.ts'
import type { InstanceUid } from '../kernel/ids.ts'
import type { Access } from './authorize.ts'
import type { DisclosedStudy, RequestContext } from './record-audit.ts'

export interface DisclosureRequest {
  readonly access: Access
  readonly study: DisclosedStudy
  readonly context: RequestContext
}

export function openingRecord(id: string, request: DisclosureRequest, at: Date): AuditRecord {
  const { access, study, context } = request
  const { grant, principal } = access
  return {
    act: 'disclosure-opened',
    at,
    outcome: '0',
    ...context,
    principal,
    patient: study.facts.patient ?? undefined,
    purpose: grant?.purpose,
    purposeDetail: grant?.purposeDetail,
    decisionRef: grant?.decisionRef,
    breakGlass: grant === undefined ? undefined : grant.breakGlass !== undefined,
    entities: [
      {
        kind: 'study',
        imagingStudy: study.imagingStudy,
        study: study.study,
        custodian: study.custodian,
      },
    ],
    disclosure: { id },
  }
}

export interface DisclosureTally {
  readonly outcome: AuditOutcome
  readonly objects: ReadonlySet<InstanceUid>
  /** False where some of `objects` have no row: the event then names none, which reads as the whole study. */
  readonly objectsKnown: boolean
  readonly bytes: number
  readonly seconds: number
}

export function closingRecord(opening: AuditRecord, tally: DisclosureTally, at: Date): AuditRecord {
  const { outcome, objects, objectsKnown, bytes, seconds } = tally
  const known = objectsKnown && { objects: objects.size, digest: objectsDigest(objects) }
  return {
    ...opening,
    act: 'disclosure-closed',
    at,
    outcome,
    reason: objectsKnown ? undefined : 'objects-not-recorded',
    disclosure: { id: opening.disclosure?.id ?? '', bytes, seconds, ...known },
  }
}

/** Of two outcomes the one that says more went wrong. */
export function worseOutcome(one: AuditOutcome, other: AuditOutcome): AuditOutcome {
  return Number(one) > Number(other) ? one : other
}
