/** Senders of HL7 v2 messages, as operators register and see them. */
import { z } from 'zod'
import type { JsonObject } from '../fhir/json.ts'
import { charsetNamed } from '../hl7v2/charset.ts'

const id = z
  .string()
  .regex(/^[a-z0-9][a-z0-9-]{0,62}$/, 'is not an id such as north-ris')
  .describe('Id of the sender, as the log shows it')
const name = z.string().trim().min(1).max(200)
const namespace = z.string().trim().min(1).max(180)

/** A system known by its certificate; or by where it is and what it calls itself. */
export const newHl7SenderSchema = z
  .strictObject({
    id,
    member: z.string().min(1).describe('Id of the member that it speaks for'),
    name,
    fingerprint: z
      .string()
      .transform((text) => text.replaceAll(':', '').toLowerCase())
      .pipe(z.string().regex(/^[0-9a-f]{64}$/, 'is not a SHA-256 fingerprint'))
      .optional()
      .describe('SHA-256 of its client certificate'),
    address: z
      .union([z.ipv4(), z.ipv6(), z.cidrv4(), z.cidrv6()], 'is not an IP address or network')
      .optional()
      .describe('IP address or network, as 10.1.0.0/16'),
    application: namespace.optional().describe('MSH-3'),
    facility: namespace.optional().describe('MSH-4'),
    charset: z
      .string()
      .transform((text, context) => {
        const charset = charsetNamed(text)
        if (charset !== undefined) return charset
        context.addIssue('is not a character set that is read here')
        return z.NEVER
      })
      .optional()
      .describe('Of messages without MSH-18; 8859/1 where absent'),
    time_zone: z
      .string()
      .optional()
      .describe('Of times without an offset; Europe/Oslo where absent'),
    default_system: z
      .string()
      .regex(/^[a-z][a-z0-9+.-]*:[^\s|]{1,250}$/i, 'is not a URI')
      .optional()
      .describe('Of patient ids without an assigning authority'),
  })
  .refine(
    ({ fingerprint, address, application, facility }) =>
      fingerprint !== undefined ||
      (address !== undefined && application !== undefined && facility !== undefined),
    'needs a fingerprint, or address, application and facility',
  )
  .transform(({ time_zone: timeZone, default_system: defaultSystem, ...sender }) => ({
    ...sender,
    timeZone,
    defaultSystem,
  }))

export type NewHl7Sender = z.infer<typeof newHl7SenderSchema>

export interface Hl7Sender {
  readonly id: string
  readonly member: string
  readonly name: string
  readonly fingerprint: string | null
  readonly address: string | null
  readonly application: string | null
  readonly facility: string | null
  readonly charset: string
  readonly timeZone: string
  readonly defaultSystem: string | null
  readonly active: boolean
}

export function hl7SenderView({ timeZone, defaultSystem, ...sender }: Hl7Sender): JsonObject {
  return { ...sender, time_zone: timeZone, default_system: defaultSystem }
}
