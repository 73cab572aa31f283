/** The claim profile `helseid`: whom an access token of HelseID is about (norway.md section 2.6). */
import type { JWTPayload } from 'jose'
import { z } from 'zod'
import type { AuthenticatedPerson } from '../../domain/access/person.ts'
import { invalidToken } from './invalid-token.ts'
import { nationalIdSystem } from './national-id-system.ts'

const CLAIM = {
  pid: 'helseid://claims/identity/pid',
  securityLevel: 'helseid://claims/identity/security_level',
  assuranceLevel: 'helseid://claims/identity/assurance_level',
  hprNumber: 'helseid://claims/hpr/hpr_number',
  orgnrParent: 'helseid://claims/client/claims/orgnr_parent',
  orgnrChild: 'helseid://claims/client/claims/orgnr_child',
} as const

const pid = z.string().regex(/^\d{11}$/)
const orgnr = z.string().regex(/^\d{9}$/)
const text = z.string().min(1).max(300)

const schema = z.object({
  [CLAIM.pid]: pid,
  [CLAIM.securityLevel]: z.union([z.string(), z.number()]).optional(),
  [CLAIM.assuranceLevel]: z.string().optional(),
  [CLAIM.hprNumber]: z.string().max(20).optional(),
  [CLAIM.orgnrParent]: orgnr,
  [CLAIM.orgnrChild]: orgnr.optional(),
  name: text,
})

/** Throws `unauthenticated` with reason `invalid_token` where the person or organisation is not named. */
export function readHelseidPerson(issuer: string, payload: JWTPayload): AuthenticatedPerson {
  const parsed = schema.safeParse(payload)
  if (!parsed.success) {
    const claims = parsed.error.issues.map((issue) => String(issue.path[0]))
    throw invalidToken(`The subject token lacks or has wrong claims: ${claims.join(', ')}`)
  }
  const claims = parsed.data
  const high =
    String(claims[CLAIM.securityLevel]) === '4' || claims[CLAIM.assuranceLevel] === 'high'
  return {
    issuer,
    identifier: { system: nationalIdSystem(claims[CLAIM.pid]), value: claims[CLAIM.pid] },
    name: claims.name,
    hprNumber: claims[CLAIM.hprNumber],
    assurance: high ? 'high' : 'lower',
    orgnrParent: claims[CLAIM.orgnrParent],
    orgnrChild: claims[CLAIM.orgnrChild],
  }
}
