/** `<data dir>/demo.json`: who and what a running demo has, for the commands and for whoever tries the hub out. */
import { z } from 'zod'
import { HubError } from '../../kernel/errors.ts'

const text = z.string().min(1)

const demoFileSchema = z.object({
  hub: z.url(),
  issuer: z.url(),
  members: z.array(z.object({ id: text, name: text, orgnr: text, roles: z.array(text) })),
  clients: z.array(
    z.object({
      client_id: text,
      member: text,
      scope: text,
      private_jwk: z.record(z.string(), z.unknown()),
    }),
  ),
  users: z.array(
    z.object({
      username: text,
      password: text,
      name: text,
      hpr: text,
      member: text,
      role: text,
    }),
  ),
  sources: z.array(z.object({ id: text, kind: text, url: z.url(), custodian: text })),
  patients: z.array(
    z.object({
      id: text,
      national_id: text,
      national_id_system: text,
      name: text,
      story: text,
    }),
  ),
  studies: z.array(
    z.object({
      uid: text,
      patient: text,
      custodian: text,
      modality: text,
      held: z.enum(['source', 'hub']),
      instances: z.int().min(1),
    }),
  ),
})

export type DemoFile = Readonly<z.infer<typeof demoFileSchema>>
export type DemoFileClient = DemoFile['clients'][number]
export type DemoFileUser = DemoFile['users'][number]
export type DemoFilePatient = DemoFile['patients'][number]

/** Throws `invalid` where the text is not such a file. */
export function parseDemoFile(content: string): DemoFile {
  try {
    return demoFileSchema.parse(JSON.parse(content))
  } catch (cause) {
    throw new HubError('invalid', 'demo.json is not as the demo writes it', { cause })
  }
}
