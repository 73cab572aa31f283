/**
 * What a caller may see, as a tree that two readers share: `matches` in memory here, and
 * `storage/access-filter-sql.ts` as a WHERE clause (access.md section 3, "one rule, two readers").
 *
 * Every atom is two-valued: what is unknown about an object is decided by the atom's own wording, so
 * that `not` means the same in both readers and SQL's third truth value never enters.
 */
import type { OrganizationId, PatientId, StudyUid } from '../../kernel/ids.ts'

export type AccessFilter =
  | { readonly kind: 'everything' }
  | { readonly kind: 'nothing' }
  | { readonly kind: 'and' | 'or'; readonly of: readonly AccessFilter[] }
  | { readonly kind: 'not'; readonly of: AccessFilter }
  /** The hub's own record, which no member answers for: the `Patient`. */
  | { readonly kind: 'no-custodian' }
  /** The copy's custodian is one of these. */
  | { readonly kind: 'custodian'; readonly in: readonly OrganizationId[] }
  | { readonly kind: 'patient'; readonly is: PatientId }
  /** The object is, or is about, at least one of these studies. */
  | { readonly kind: 'any-study'; readonly in: readonly StudyUid[] }
  /** The object is about at least one study, and all it is about are these. */
  | { readonly kind: 'only-studies'; readonly in: readonly StudyUid[] }
  /** At least one modality is one of these, or none is known: what a refusal asks. */
  | { readonly kind: 'may-have-modality'; readonly in: readonly string[] }
  /** Modalities are known and all are among these: what a permission asks. */
  | { readonly kind: 'only-modalities'; readonly in: readonly string[] }
  | { readonly kind: 'may-have-body-region'; readonly in: readonly string[] }
  | { readonly kind: 'only-body-regions'; readonly in: readonly string[] }
  /** Started at or after `from` and before `until`, or at an unknown time: what a refusal asks. */
  | {
      readonly kind: 'may-be-dated'
      readonly from?: Date | undefined
      readonly until?: Date | undefined
    }
  /** The time is known and lies within: what a permission asks. */
  | { readonly kind: 'dated'; readonly from?: Date | undefined; readonly until?: Date | undefined }
  /**
   * Carries at least one of these security labels: what a refusal asks. A label is a code or
   * `system|code`; two are the same where the codes are and no two systems contradict.
   */
  | { readonly kind: 'label'; readonly in: readonly string[] }
  /** Carries labels, and all of them are among these: what a permission asks. */
  | { readonly kind: 'only-labels'; readonly in: readonly string[] }

/** What the filter may ask of a study or report; the columns of table `resource` with the same names. */
export interface ObjectFacts {
  readonly custodian: OrganizationId | null
  readonly patient: PatientId | null
  readonly studyUids: readonly StudyUid[]
  readonly modalities: readonly string[]
  readonly bodyRegions: readonly string[]
  readonly startedAt: Date | null
  readonly labels: readonly string[]
}

/** Of nobody and about no study: the directory, and what the rest is filled in from. */
export const NO_FACTS: ObjectFacts = {
  custodian: null,
  patient: null,
  studyUids: [],
  modalities: [],
  bodyRegions: [],
  startedAt: null,
  labels: [],
}
