/** Random objects and filters over a world small enough that they often meet. */
import fc from 'fast-check'
import type { AccessFilter, ObjectFacts } from '../../src/domain/access/filter.ts'
import type { OrganizationId, PatientId, StudyUid } from '../../src/kernel/ids.ts'

export const ORGANIZATIONS = ['org-a', 'org-b', 'org-c'] as OrganizationId[]
export const PATIENTS = ['patient-1', 'patient-2'] as PatientId[]
export const STUDIES = ['1.2.1', '1.2.2', '1.2.3'] as StudyUid[]
export const MODALITIES = ['CT', 'MR', 'US']
export const BODY_REGIONS = ['51185008', '69536005']
/** Bare codes and codes of two systems, so that systems can agree, contradict or be missing. */
export const LABELS = ['NORS', 'urn:oid:1|NORS', 'urn:oid:2|NORS', 'R', 'urn:oid:1|R']

const DAY = 86_400_000
const EPOCH = Date.UTC(2026, 0, 1)

/** Few distinct moments, some a millisecond apart: bounds are met exactly. */
export const moment = fc
  .tuple(fc.integer({ min: 0, max: 4 }), fc.constantFrom(-1, 0, 1))
  .map(([day, ms]) => new Date(EPOCH + day * DAY + ms))

const interval = fc.record({ from: moment, until: moment }, { requiredKeys: [] })

export function someOf<Value>(values: readonly Value[]): fc.Arbitrary<Value[]> {
  return fc.subarray([...values])
}

export const objectFacts: fc.Arbitrary<ObjectFacts> = fc.record({
  custodian: fc.option(fc.constantFrom(...ORGANIZATIONS)),
  patient: fc.option(fc.constantFrom(...PATIENTS)),
  studyUids: someOf(STUDIES),
  modalities: someOf(MODALITIES),
  bodyRegions: someOf(BODY_REGIONS),
  startedAt: fc.option(moment),
  labels: someOf(LABELS),
})

const atom: fc.Arbitrary<AccessFilter> = fc.oneof(
  fc.record({ kind: fc.constantFrom('everything' as const, 'nothing' as const) }),
  fc.record({ kind: fc.constant('no-custodian' as const) }),
  fc.record({ kind: fc.constant('custodian' as const), in: someOf(ORGANIZATIONS) }),
  fc.record({ kind: fc.constant('patient' as const), is: fc.constantFrom(...PATIENTS) }),
  fc.record({
    kind: fc.constantFrom('any-study' as const, 'only-studies' as const),
    in: someOf(STUDIES),
  }),
  fc.record({
    kind: fc.constantFrom('may-have-modality' as const, 'only-modalities' as const),
    in: someOf(MODALITIES),
  }),
  fc.record({
    kind: fc.constantFrom('may-have-body-region' as const, 'only-body-regions' as const),
    in: someOf(BODY_REGIONS),
  }),
  fc.record({
    kind: fc.constantFrom('label' as const, 'only-labels' as const),
    in: someOf(LABELS),
  }),
  fc
    .tuple(fc.constantFrom('dated' as const, 'may-be-dated' as const), interval)
    .map(([kind, bounds]) => ({ kind, ...bounds })),
)

export const accessFilter: fc.Arbitrary<AccessFilter> = fc.letrec<{ filter: AccessFilter }>(
  (tie) => ({
    filter: fc.oneof(
      { maxDepth: 4, depthSize: 'small' },
      atom,
      fc.record({
        kind: fc.constantFrom('and' as const, 'or' as const),
        of: fc.array(tie('filter'), { maxLength: 3 }),
      }),
      fc.record({ kind: fc.constant('not' as const), of: tie('filter') }),
    ),
  }),
).filter
