/**
 * `authorization_details` (RFC 9396) of the hub: what a client asks to do with one patient's images, and
 * what its token then says. A request may name the patient by an identifier; a token never does.
 */
import { z } from 'zod'
import { isUid, parseStudyUid } from '../../domain/imaging/uid.ts'
import type { Action } from '../../domain/access/principal.ts'
import type { Grant } from '../../domain/access/grant.ts'
import { HubError } from '../../kernel/errors.ts'
import type { PatientId, StudyUid } from '../../kernel/ids.ts'
import { ATTEST_TYPE } from './attest-claims.ts'
import { invalidToken } from './invalid-token.ts'
import { withOwnSystem } from './national-id-system.ts'

export const IMAGING_TYPE = 'samsyn:imaging'

/** What a grant can be for: the acts that need a patient (access.md section 4). */
export const GRANTABLE_ACTIONS = [
  'find',
  'read-report',
  'view-images',
] as const satisfies readonly Action[]

export interface ImagingRequest {
  /** Absent where a token is renewed or narrowed: its patient is the grant's. */
  readonly patient?:
    | { readonly kind: 'reference'; readonly id: PatientId }
    | {
        readonly kind: 'identifier'
        readonly identifier: { readonly system: string; readonly value: string }
      }
    | undefined
  readonly purpose?: string | undefined
  readonly actions?: readonly Action[] | undefined
  readonly studies?: readonly StudyUid[] | undefined
  /** URLs under the hub's own where the token is to be good. */
  readonly locations?: readonly string[] | undefined
  /** Seconds the grant is to last at most. */
  readonly expiresIn?: number | undefined
  readonly breakGlass?:
    { readonly reasonCode: string; readonly text?: string | undefined } | undefined
}

export interface RequestedDetails {
  readonly imaging: ImagingRequest
  /** The attest as a compact JWS by the client's registered key, where it is not in the subject token. */
  readonly signedAttest?: string | undefined
}

/** The one element of a hub token's `authorization_details`. */
export interface ImagingDetail {
  readonly patient: PatientId
  readonly purpose: string
  readonly actions: readonly Action[]
  readonly studies?: readonly StudyUid[] | undefined
  readonly locations: readonly string[]
}

const MAX_DETAILS = 32_768
const MAX_STUDIES = 200

const reference = z
  .string()
  .regex(/^Patient\/[A-Za-z0-9.-]{1,64}$/, 'is not a reference of the form Patient/id')
  .transform((text) => ({
    kind: 'reference' as const,
    id: text.slice('Patient/'.length) as PatientId,
  }))

const systemAndValue = z.object({
  system: z.string().min(1).max(200),
  value: z.string().min(1).max(100),
})

/** RFC 9396 section 2.2 has `identifier` as a string: then it is FHIR's `system|value`. */
const identifier = z.union([
  systemAndValue,
  z
    .string()
    .max(300)
    .regex(/^[^|]+\|[^|]+$/, 'is not of the form system|value')
    .transform((text) => {
      const [system = '', value = ''] = text.split('|')
      return { system, value }
    }),
])

const studyUid = z.string().refine(isUid, 'is not a UID').transform(parseStudyUid)

const actions = z.array(z.enum(GRANTABLE_ACTIONS)).min(1).max(GRANTABLE_ACTIONS.length)
const studies = z.array(studyUid).min(1).max(MAX_STUDIES)
const locations = z.array(z.url().max(500)).min(1).max(10)

const imagingSchema = z
  .strictObject({
    type: z.literal(IMAGING_TYPE),
    patient: reference.optional(),
    identifier: identifier.optional(),
    purpose: z.string().max(20).optional(),
    actions: actions.optional(),
    studies: studies.optional(),
    locations: locations.optional(),
    expires_in: z.int().min(1).max(3600).optional(),
    break_glass: z
      .strictObject({ reason: z.string().min(1).max(50), text: z.string().max(1000).optional() })
      .optional(),
  })
  .refine((detail) => detail.patient === undefined || detail.identifier === undefined, {
    message: 'names the patient twice',
  })

const attestSchema = z.strictObject({
  type: z.literal(ATTEST_TYPE),
  attest: z.string().min(1).max(MAX_DETAILS),
})

const requestSchema = z.array(z.discriminatedUnion('type', [imagingSchema, attestSchema])).max(2)

/**
 * Reads the `authorization_details` parameter: one `samsyn:imaging`, and at most one
 * `nhn:tillitsrammeverk:parameters` whose `attest` is a JWS. Throws `invalid` with reason
 * `invalid_authorization_details` (RFC 9396 section 5) and the places that are wrong.
 */
export function parseAuthorizationDetails(text: string): RequestedDetails {
  if (text.length > MAX_DETAILS) throw invalidDetails('authorization_details is too long')
  const parsed = requestSchema.safeParse(parseJson(text))
  if (!parsed.success) throw invalidDetails(faults(parsed.error))

  const imaging = parsed.data.filter((detail) => detail.type === IMAGING_TYPE)
  const [detail] = imaging
  if (detail === undefined || imaging.length > 1)
    throw invalidDetails(`authorization_details needs exactly one element of type ${IMAGING_TYPE}`)
  const attest = parsed.data.find((detail) => detail.type === ATTEST_TYPE)
  return { imaging: readImaging(detail), signedAttest: attest?.attest }
}

function readImaging(detail: z.infer<typeof imagingSchema>): ImagingRequest {
  const { patient, identifier, break_glass: breakGlass } = detail
  return {
    patient:
      identifier === undefined
        ? patient
        : { kind: 'identifier', identifier: withOwnSystem(identifier) },
    purpose: detail.purpose,
    actions: detail.actions,
    studies: detail.studies,
    locations: detail.locations,
    expiresIn: detail.expires_in,
    breakGlass: breakGlass && { reasonCode: breakGlass.reason, text: breakGlass.text },
  }
}

/** An element of `authorization_details` as it stands in a token and a token response. */
export interface EmittedDetail {
  type: string
  patient: string
  purpose: string
  actions: string[]
  studies?: string[]
  locations: string[]
}

/** What a token for the grant says: the hub's Patient id, never an identifier of the person. */
export function imagingDetail(grant: Grant, locations: readonly string[]): EmittedDetail {
  return {
    type: IMAGING_TYPE,
    patient: `Patient/${grant.patient}`,
    purpose: grant.purpose,
    actions: [...grant.actions],
    ...(grant.studies && { studies: [...grant.studies] }),
    locations: [...locations],
  }
}

const detailSchema = z.object({
  type: z.literal(IMAGING_TYPE),
  patient: reference,
  purpose: z.string(),
  actions,
  studies: studies.optional(),
  locations,
})

/** Reads back what `imagingDetail` wrote; throws `unauthenticated` where it is something else. */
export function readImagingDetail(value: unknown): ImagingDetail {
  const parsed = detailSchema.safeParse(value)
  if (!parsed.success)
    throw invalidToken('The access token has authorization_details of another kind')
  const { patient, purpose, actions, studies, locations } = parsed.data
  return { patient: patient.id, purpose, actions, studies, locations }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw invalidDetails('authorization_details is not JSON')
  }
}

/** Places and rules only: what was sent may be a national id. */
function faults(error: z.ZodError): string {
  const [issue] = error.issues
  const place = issue?.path.map((step) => String(step)).join('.') ?? ''
  return `authorization_details is not as expected at ${place === '' ? 'its top' : place}`
}

function invalidDetails(message: string): HubError {
  return new HubError('invalid', message, { reason: 'invalid_authorization_details' })
}
