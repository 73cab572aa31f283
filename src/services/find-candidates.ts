/** Who in the registry may be the person that is told of, most likely first, with the reasons. */
import type { NationalIdRules } from '../domain/identity/national-id.ts'
import { scoreMatch, type MatchScore } from '../domain/identity/score-match.ts'
import type { OrganizationId, PatientId } from '../kernel/ids.ts'
import type { Db } from '../storage/db.ts'
import {
  findByIdentifiers,
  findByNameAndBirth,
  type FoundCandidate,
} from '../storage/find-candidates.ts'
import { listIdentifiers } from '../storage/patient-identifiers.ts'
import { parseDateInterval } from '../wire/fhir/date-interval.ts'
import { isJsonObject, type JsonObject } from '../wire/fhir/json.ts'
import { personOf, type AskedPerson } from '../wire/fhir/match-request.ts'
import { parseJsonText } from '../wire/fhir/parse-json.ts'
import { wholeNameKey } from '../wire/fhir/search-keys.ts'

export interface Candidate {
  readonly id: PatientId
  readonly patient: JsonObject
  readonly match: MatchScore
}

export interface CandidateQuestion {
  readonly asked: AskedPerson
  /** Whose own ids are asked by, and compared. */
  readonly custodian: OrganizationId
  /** Patients that are compared whatever finds them. */
  readonly suspects?: readonly FoundCandidate[] | undefined
  readonly rules: NationalIdRules
  /** `family`: of the same family name and birth date. `any-name`: of the same given name too. */
  readonly among: 'family' | 'any-name'
  readonly limit: number
}

/** More of one name and one birth date are not looked at. */
const MOST_COMPARED = 50

/** Those that certainly are another are left out, suspects aside. The same question has the same answer: ties go by id. */
export async function findCandidates(
  db: Db,
  question: CandidateQuestion,
): Promise<readonly Candidate[]> {
  const { asked, custodian, suspects = [], limit } = question
  const identifiers = asked.identifiers.map(({ key: system, value }) => ({ system, value }))
  const byId = await findByIdentifiers(db, { identifiers, custodian }, MOST_COMPARED)
  const found = [...suspects, ...byId, ...(await findByName(db, question))]
  const distinct = [...new Map(found.map((one) => [one.id, one])).values()]
  const known = new Set([...suspects, ...byId].map(({ id }) => id))
  const isSuspect = (id: PatientId): boolean => suspects.some((one) => one.id === id)
  const compared = await Promise.all(
    distinct.map((one) => compare(db, one, { ...question, hasIds: known.has(one.id) })),
  )
  return compared
    .filter((one) => one !== undefined)
    .filter(({ id, match }) => match.grade !== 'certainly-not' || isSuspect(id))
    .toSorted((a, b) => b.match.score - a.match.score || (a.id < b.id ? -1 : 1))
    .slice(0, limit)
}

async function findByName(
  db: Db,
  { asked, among }: CandidateQuestion,
): Promise<readonly FoundCandidate[]> {
  const born = /^\d{4}-\d{2}-\d{2}$/.test(asked.birthDate ?? '')
    ? parseDateInterval(asked.birthDate ?? '')
    : undefined
  if (born === undefined) return []
  const names = asked.names.flatMap(({ family = '', given = '' }) => [
    ...(family.trim() === '' ? [] : [wholeNameKey('family', family)]),
    ...(among === 'family' ? [] : givenKeys(given)),
  ])
  return findByNameAndBirth(db, { names, born }, MOST_COMPARED)
}

/** Given names are kept one by one. */
function givenKeys(given: string): readonly string[] {
  return given
    .split(/\s+/)
    .filter((name) => name !== '')
    .map((name) => wholeNameKey('given', name))
}

async function compare(
  db: Db,
  { id, content }: FoundCandidate,
  {
    asked,
    custodian,
    rules,
    hasIds,
  }: Pick<CandidateQuestion, 'asked' | 'custodian' | 'rules'> & { readonly hasIds: boolean },
): Promise<Candidate | undefined> {
  const patient = parseJsonText(content)
  if (!isJsonObject(patient)) return undefined
  const shown = personOf(patient, rules)
  const ids = hasIds ? await listIdentifiers(db, id) : []
  const own = ids.filter((one) => one.custodian === custodian)
  const common = ids.filter((one) => one.custodian === null)
  const key = (one: { system: string; value: string }): string => `${one.system}|${one.value}`
  const match = scoreMatch(asked, {
    ...shown,
    commonIds: [...new Set([...shown.commonIds, ...common.map(key)])],
    localIds: own.map(key),
  })
  return { id, patient, match }
}
