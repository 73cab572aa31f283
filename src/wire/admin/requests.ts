/**
 * What operators send: by /admin as JSON, by commands as options. Names are written as OAuth's and
 * demo.json's are, with underscores; what comes out is named as in the code.
 */
import { z } from 'zod'
import { newHl7SenderSchema } from './hl7-senders.ts'
import { INTROSPECT_SCOPE, isScope, scopeTokens } from '../../domain/access/scopes.ts'
import { CARE_PURPOSES, MEMBER_ROLES } from '../../domain/access/principal.ts'
import { isOrgnr } from '../../domain/identity/orgnr.ts'
import { HubError } from '../../kernel/errors.ts'
import type { ClientId, OrganizationId, PatientId, SourceId } from '../../kernel/ids.ts'

/** FHIR id, short enough for what the hub appends to it (`-wado-rs`). */
const id = z.string().regex(/^[A-Za-z0-9.-]{1,48}$/, 'is not an id: up to 48 of A-Z a-z 0-9 - .')
const memberId = id.transform((text) => text as OrganizationId)
const name = z.string().trim().min(1).max(200)

export const newMemberSchema = z.strictObject({
  id: id.transform((text) => text as OrganizationId).optional(),
  orgnr: z
    .string()
    .refine(isOrgnr, 'is not an organisation number: nine digits with a check digit')
    .describe('Organisasjonsnummer, nine digits'),
  name,
  roles: z.array(z.enum(MEMBER_ROLES)).min(1).max(MEMBER_ROLES.length),
})

/** Public keys only: whoever sends a private one has shown it to too many already. */
const publicKey = z
  .looseObject({ kty: z.enum(['EC', 'RSA', 'OKP']), kid: z.string().min(1).max(256).optional() })
  .refine((key) => !('d' in key), 'holds a private key: send the public part')

export const jwksSchema = z.object({ keys: z.array(publicKey).min(1).max(10) })

export const newClientSchema = z
  .strictObject({
    id: id.transform((text) => text as ClientId).optional(),
    member: memberId.describe('Id of the member it belongs to'),
    name,
    scope: z
      .string()
      .min(1)
      .max(4000)
      .refine((scope) => scopeTokens(scope).every(isScope), {
        error: `names an unknown scope: a scope is samsyn:<action>, ${INTROSPECT_SCOPE} or a SMART scope`,
      })
      .describe('Registered scopes, separated by spaces'),
    jwks: jwksSchema
      .optional()
      .describe('Public keys; where absent the hub makes a pair and shows the private key once'),
    bearer_reason: z
      .string()
      .trim()
      .min(10)
      .max(500)
      .optional()
      .describe('Why this client cannot bind its tokens to a key (DPoP); absent: it must'),
  })
  .transform(({ bearer_reason: bearerReason, ...rest }) => ({ ...rest, bearerReason }))

const noCredentials = z.strictObject({ kind: z.literal('none') })
const basic = z.strictObject({
  kind: z.literal('basic'),
  username: z.string().min(1).max(200),
  password: z.string().min(1).max(1000),
})
const bearer = z.strictObject({ kind: z.literal('bearer'), token: z.string().min(1).max(8000) })

const sourceUrl = z
  .url({ protocol: /^https?$/, error: 'is not an http(s) address' })
  .max(2000)
  .refine((url) => !/[?#@]/.test(url), 'has a query, a fragment or a password in it')
  .describe('Base address of the DICOMweb service')

/** A source whose archive has moved; its studies stay indexed. */
export const movedSourceSchema = z.strictObject({ url: sourceUrl })

export const newSourceSchema = z
  .strictObject({
    id: id.transform((text) => text as SourceId).optional(),
    custodian: memberId.describe('Id of the member whose images it holds'),
    kind: z.literal('dicomweb').default('dicomweb'),
    name,
    url: sourceUrl,
    credentials: z
      .discriminatedUnion('kind', [noCredentials, basic, bearer])
      .default({ kind: 'none' }),
    default_issuer: z
      .string()
      .regex(/^urn:oid:[0-2](\.(0|[1-9]\d*))+$/, 'is not urn:oid:…')
      .optional()
      .describe('Assigning authority of patient ids that come without an issuer'),
    time_zone: z
      .string()
      .refine(isTimeZone, 'is not an IANA time zone')
      .default('Europe/Oslo')
      .describe('Zone of dates without (0008,0201)'),
    character_set: z
      .string()
      .regex(
        /^(ISO_IR \d+|ISO 2022 IR \d+|GB18030|GBK)?(\\ISO 2022 IR \d+)*$/,
        'is not a DICOM term',
      )
      .default('ISO_IR 100')
      .describe('(0008,0005) of objects that have none'),
  })
  .transform(({ default_issuer, time_zone, character_set, ...rest }) => ({
    ...rest,
    defaultIssuer: default_issuer,
    timeZone: time_zone,
    characterSet: character_set,
  }))

const moment = z.iso.datetime({ offset: true }).transform((text) => new Date(text))

/** One agreement speaks between two members; a new one takes the place of the old. */
export const newAgreementSchema = z
  .strictObject({
    custodian: memberId,
    requester: memberId,
    effect: z
      .enum(['permit', 'deny'])
      .describe('permit: this is all that is shared; deny: this is kept from what is shared'),
    purposes: z.array(z.enum(CARE_PURPOSES)).min(1).optional().describe('Absent: every purpose'),
    modalities: z
      .array(z.string().regex(/^[A-Z0-9_ ]{1,16}$/, 'is not a modality code'))
      .min(1)
      .max(100)
      .optional()
      .describe('Absent: every modality'),
    valid_from: moment.optional(),
    valid_until: moment.optional(),
  })
  .refine(({ custodian, requester }) => custodian !== requester, {
    path: ['requester'],
    error: 'is the custodian itself, which needs no agreement',
  })
  .transform(({ valid_from: validFrom, valid_until: validUntil, ...rest }) => ({
    ...rest,
    validFrom,
    validUntil,
  }))

/** Whose the study is: a Patient that is there, or one to be made of what the object says. */
export const identityDecisionSchema = z.union(
  [
    z
      .strictObject({
        patient: z
          .string()
          .regex(/^(Patient\/)?[A-Za-z0-9.-]{1,64}$/, 'is not the id of a Patient')
          .describe('Id of the hub’s Patient'),
      })
      .transform(({ patient }) => patient.replace('Patient/', '') as PatientId),
    z.strictObject({ new: z.literal(true) }).transform(() => 'new' as const),
    z
      .strictObject({
        national_id: z.string().max(32).describe('Personal number of the hub’s Patient'),
      })
      .transform(({ national_id: nationalId }) => ({ nationalId })),
  ],
  {
    error: 'is none of {"patient": "<id>"}, {"national_id": "<number>"} and {"new": true}',
  },
)

/** Another Patient of the hub's, which stands for the one in the path from now on. */
export const patientMergeSchema = z.strictObject({
  into: z
    .string()
    .regex(/^(Patient\/)?[A-Za-z0-9.-]{1,64}$/, 'is not the id of a Patient')
    .transform((text) => text.replace('Patient/', '') as PatientId)
    .describe('Id of the Patient that stands for both'),
})

const identifierSystem = z
  .string()
  .regex(/^[a-z][a-z0-9+.-]*:[^\s|]{1,250}$/i, 'is not a URI')
  .describe('URI of the identifiers, as urn:oid:…')

/** Whose feed is listened to for the ids of a system. */
export const newAuthoritySchema = z.strictObject({
  system: identifierSystem,
  member: memberId.describe('Id of the member that gives the ids'),
  name: name.describe('As people know the authority'),
  namespace: z
    .string()
    .trim()
    .regex(/^[^|^~\\&\s]{1,64}$/, 'is not an HL7 v2 namespace id')
    .optional()
    .describe('CX-4.1 in the member’s HL7 v2 messages'),
})

export const removedAuthoritySchema = z.strictObject({ system: identifierSystem })

/** Query parameters, so text that is written as a number. */
const wholeNumber = (least: number, most: number) =>
  z
    .string()
    .regex(/^\d{1,15}$/, 'is not a number')
    .transform(Number)
    .refine((number) => number >= least && number <= most, `is not from ${least} to ${most}`)

const limit = wholeNumber(1, 100).optional().describe('At most 100, which is the default')

export const unclearIdentityPageSchema = z
  .strictObject({
    after: wholeNumber(0, Number.MAX_SAFE_INTEGER).optional().describe('Id of the last one seen'),
    limit,
    national_ids: z
      .enum(['masked', 'shown'])
      .optional()
      .describe('masked where absent: the last five digits are hidden'),
  })
  .transform(({ national_ids: nationalIds, ...page }) => ({ ...page, nationalIds }))

export const reviewPageSchema = z.strictObject({ limit })

/** What a privacy officer found of an emergency access. */
export const findingSchema = z.strictObject({
  finding: z.enum(['justified', 'not-justified']),
  note: z.string().trim().min(1).max(2000).optional(),
})

function isTimeZone(zone: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: zone })
    return true
  } catch {
    return false
  }
}

export type NewMember = z.infer<typeof newMemberSchema>
export type NewClient = z.infer<typeof newClientSchema>
export type NewAgreement = z.infer<typeof newAgreementSchema>
export type NewSource = z.infer<typeof newSourceSchema>
export type NewAuthority = z.infer<typeof newAuthoritySchema>

/** Throws `invalid` with a problem per fault, located by the member's name. */
export function parseRequest<Schema extends z.ZodType>(
  schema: Schema,
  input: unknown,
): z.infer<Schema> {
  const parsed = schema.safeParse(input)
  if (parsed.success) return parsed.data
  const problems = parsed.error.issues.map(({ path, message }) => ({
    location: path.map(String).join('.'),
    text: message,
  }))
  throw new HubError('invalid', 'The request is not valid', { problems })
}

/** The requests as JSON Schema 2020-12, for the description of /admin. */
export function jsonSchemas(): Readonly<Record<string, object>> {
  const schema = (type: z.ZodType): object => z.toJSONSchema(type, { io: 'input' })
  return {
    NewMember: schema(newMemberSchema),
    NewClient: schema(newClientSchema),
    NewSource: schema(newSourceSchema),
    NewAgreement: schema(newAgreementSchema),
    MovedSource: schema(movedSourceSchema),
    IdentityDecision: schema(identityDecisionSchema),
    PatientMerge: schema(patientMergeSchema),
    NewAuthority: schema(newAuthoritySchema),
    NewHl7Sender: schema(newHl7SenderSchema),
    RemovedAuthority: schema(removedAuthoritySchema),
    UnclearIdentityPage: schema(unclearIdentityPageSchema),
    ReviewPage: schema(reviewPageSchema),
    Finding: schema(findingSchema),
    Jwks: schema(jwksSchema),
  }
}
