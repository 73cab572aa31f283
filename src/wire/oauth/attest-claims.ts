/**
 * The attest of the Norwegian trust framework (Tillitsrammeverk, data model 1.1, section 7), read
 * tolerantly: the specification and what is sent in practice have different names for the same things.
 */
import { decodeProtectedHeader, jwtVerify } from 'jose'
import { z } from 'zod'
import type { Attest } from '../../domain/access/attest.ts'
import { CARE_PURPOSES } from '../../domain/access/principal.ts'
import { HubError } from '../../kernel/errors.ts'
import { LEEWAY, SIGNATURE_ALGORITHMS } from './invalid-token.ts'
import { verificationKeys, type JwkSet } from './jwks.ts'
import { withOwnSystem } from './national-id-system.ts'

/** Type of the `authorization_details` element that carries an attest. */
export const ATTEST_TYPE = 'nhn:tillitsrammeverk:parameters'

const MAX_BYTES = 32_768
const MAX_DEPTH = 8

const text = z.string().trim().min(1).max(300)
const code = z.object({ code: text })
const optionalCode = code.nullish()

/** Some senders write `urn:oid:…`, some the bare OID. */
const oid = text.transform((system) =>
  /^\d+(\.\d+)+$/.test(system) ? `urn:oid:${system}` : system,
)
const identifier = z.object({ id: text, system: oid })
const organisation = z.object({ id: text })

const relationSchema = z.object({
  healthcare_service: optionalCode,
  purpose_of_use: z.object({ code: z.enum(CARE_PURPOSES) }),
  purpose_of_use_details: optionalCode,
  decision_ref: z.object({ id: text, user_selected: z.boolean().nullish() }),
})

const attestSchema = z.object({
  toa: z.coerce.number().int().positive().max(4_102_444_800),
  practitioner: z.object({
    identifier: identifier.extend({ name: text }),
    hpr_nr: organisation.nullish(),
    authorization: optionalCode,
    legal_entity: organisation,
    point_of_care: organisation,
  }),
  care_relation: relationSchema,
  patients: z.array(z.object({ identifier })).min(1).max(20),
})

/**
 * From the claim's JSON to an `Attest`. Throws `invalid` with reason `attestation_invalid`, naming places
 * and never what stands there; `attestation_ambiguous_patient` where it is not for exactly one patient.
 */
export function readAttest(claim: unknown): Attest {
  if (!isBounded(claim)) throw invalidAttest('The attest is too large or too deep')
  const parsed = attestSchema.safeParse(withOneSetOfNames(claim))
  if (!parsed.success) throw invalidAttest(faults(parsed.error), reasonOf(parsed.error))

  const { toa, practitioner, care_relation: relation, patients } = parsed.data
  const [patient, ...others] = patients
  if (patient === undefined || others.length > 0)
    throw invalidAttest('An attest is for exactly one patient', 'attestation_ambiguous_patient')
  return {
    toa: new Date(toa * 1000),
    practitioner: pick(practitioner.identifier),
    practitionerName: practitioner.identifier.name,
    hprNumber: practitioner.hpr_nr?.id,
    category: practitioner.authorization?.code,
    legalEntity: practitioner.legal_entity.id,
    pointOfCare: practitioner.point_of_care.id,
    purpose: relation.purpose_of_use.code,
    purposeDetail: relation.purpose_of_use_details?.code,
    healthcareService: relation.healthcare_service?.code,
    decisionRef: relation.decision_ref.id,
    userSelected: relation.decision_ref.user_selected ?? false,
    patient: pick(patient.identifier),
  }
}

function pick(id: z.infer<typeof identifier>): Attest['patient'] {
  return withOwnSystem({ system: id.system, value: id.id })
}

/**
 * The attest as a JWS that the client signed itself: `iss` is the client, `aud` the hub, and the attest
 * stands in its `authorization_details`, as it would in the issuer's token.
 */
export async function verifySignedAttest(
  jws: string,
  signer: { readonly client: string; readonly jwks: JwkSet; readonly audience: string },
  at: Date,
): Promise<Attest> {
  try {
    const { typ } = decodeProtectedHeader(jws)
    // A client assertion or DPoP proof by the same key is not an attest (RFC 8725 section 3.11).
    if (typ !== 'attest+jwt') throw invalidAttest('The attest needs the type attest+jwt')
    const { payload } = await jwtVerify(jws, verificationKeys(signer.jwks), {
      issuer: signer.client,
      audience: signer.audience,
      algorithms: [...SIGNATURE_ALGORITHMS],
      clockTolerance: LEEWAY,
      currentDate: at,
    })
    const attest = findAttest(payload.authorization_details)
    if (attest === undefined) throw invalidAttest('The signed attest holds no attest')
    return readAttest(attest)
  } catch (error) {
    if (error instanceof HubError) throw error
    throw invalidAttest('The attest is not signed by the key the client is registered with')
  }
}

/** The attest among a token's `authorization_details`, unread; undefined where there is none. */
export function findAttest(details: unknown): unknown {
  if (!Array.isArray(details)) return undefined
  return details.find((detail) => isRecord(detail) && detail.type === ATTEST_TYPE)
}

/** Names that the specification's versions, its samples and the test tool disagree on. */
const SAME: readonly (readonly [known: string, other: string])[] = [
  ['care_relation', 'care_relationship'],
  ['care_relation', 'care-relation'],
  ['decision_ref', 'tracing_ref_id'],
  ['hpr_nr', 'hpr_number'],
]

function withOneSetOfNames(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withOneSetOfNames)
  if (!isRecord(value)) return value
  const renamed = Object.entries(value).map(([name, member]) => {
    const known = SAME.find(([, other]) => other === name)?.[0] ?? name
    const plain = known === 'decision_ref' && typeof member === 'string' ? { id: member } : member
    return [known, withOneSetOfNames(plain)] as const
  })
  return Object.fromEntries(renamed)
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isBounded(value: unknown): boolean {
  return depth(value, 0) <= MAX_DEPTH && JSON.stringify(value ?? null).length <= MAX_BYTES
}

/** Stops one level beyond the limit, so that its own recursion is bounded. */
function depth(value: unknown, level: number): number {
  if (level > MAX_DEPTH || typeof value !== 'object' || value === null) return level
  return Math.max(level, ...Object.values(value).map((member) => depth(member, level + 1)))
}

function faults(error: z.ZodError): string {
  const places = error.issues.map((issue) => issue.path.map((step) => String(step)).join('.'))
  return `The attest lacks or has wrong values at: ${[...new Set(places)].slice(0, 5).join(', ')}`
}

/** ATT-38 to 41 have a name of their own in `domain/access/check-attest.ts`. */
function reasonOf({ issues }: z.ZodError): string {
  const isPurpose = issues.every(({ path }) => path.includes('purpose_of_use'))
  return isPurpose ? 'attestation_purpose_not_allowed' : 'attestation_invalid'
}

function invalidAttest(message: string, reason = 'attestation_invalid'): HubError {
  return new HubError('invalid', message, { reason })
}
