/** What the commands read from the demo's `demo.json`: whom one may act as, and where (interfaces.md, "The demo"). */
import { z } from 'zod'
import { HubError } from '../kernel/errors.ts'

const schema = z.object({
  hub: z.url(),
  issuer: z.url(),
  members: z.array(z.object({ id: z.string(), orgnr: z.string() })),
  clients: z.array(
    z.object({
      client_id: z.string(),
      member: z.string(),
      scope: z.string(),
      private_jwk: z.record(z.string(), z.unknown()),
    }),
  ),
  users: z.array(z.object({ username: z.string(), password: z.string(), member: z.string() })),
  patients: z.array(z.object({ national_id: z.string(), national_id_system: z.string() })),
})

export type DemoFile = z.infer<typeof schema>

/** Throws `invalid` where the text is not a demo's file. */
export function parseDemoFile(text: string): DemoFile {
  const parsed = schema.safeParse(parseJson(text))
  if (parsed.success) return parsed.data
  throw new HubError('invalid', 'demo.json is not as the demo writes it; start the demo again')
}

/** Undefined, which the schema does not accept, where it is not JSON. */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
