/** Token exchange from a trusted issuer's token: the person and the attest are checked, and the decision asked. */
import {
  locationsWithin,
  refused,
  requestedActions,
  requireSameKey,
  tokenFor,
  tooWide,
  type Exchange,
  type Ready,
} from './exchange-terms.ts'
import type { Attest } from '../domain/access/attest.ts'
import { limitClientAttest } from '../domain/access/check-attest.ts'
import { isHubError } from '../kernel/errors.ts'
import { readAttest, verifySignedAttest } from '../wire/oauth/attest-claims.ts'
import {
  parseAuthorizationDetails,
  type RequestedDetails,
} from '../wire/oauth/authorization-details.ts'
import { verifyForeignToken, type ForeignToken } from '../wire/oauth/foreign-token.ts'
import { readJwks } from '../wire/oauth/jwks.ts'

/**
 * A person's token of a trusted issuer is read and checked; what is returned asks the decision, which
 * logs its own outcome.
 */
export async function prepareAdmission(exchange: Exchange): Promise<Ready> {
  const { deps, request, client, context } = exchange
  const trust = { issuers: deps.trustedIssuers, keysOf: deps.issuerKeys }
  const token = await verifyForeignToken(request.subjectToken, trust, deps.clock())
  requireSameKey(exchange, token.boundTo)
  if (request.authorizationDetails === undefined)
    throw refused('authorization_details is required', 'invalid_authorization_details')

  const details = parseAuthorizationDetails(request.authorizationDetails)
  const { imaging } = details
  if (imaging.expiresIn !== undefined)
    throw tooWide('expires_in is for narrowing a token; a first grant lasts as long as its attest')
  const attest = await findAttest(exchange, token, details)
  const locations = locationsWithin([deps.issuer], imaging.locations)
  const grantRequest = {
    client: client.id,
    person: token.person,
    attest,
    signedAttest: details.signedAttest ?? request.subjectToken,
    patient: imaging.patient ?? { kind: 'identifier' as const, identifier: attest.patient },
    purpose: imaging.purpose ?? attest.purpose,
    actions: requestedActions(exchange, imaging.actions, client.scope),
    studies: imaging.studies,
    breakGlass: imaging.breakGlass,
  }
  return async () => tokenFor(exchange, await deps.grantAccess(grantRequest, context), locations)
}

/**
 * What the client signed itself for this request speaks before what its sign-in once carried, but of the
 * person only the issuer speaks.
 */
async function findAttest(
  { deps, client }: Exchange,
  token: ForeignToken,
  details: RequestedDetails,
): Promise<Attest> {
  if (details.signedAttest !== undefined) {
    const jwks = readJwks(client.jwks) ?? { keys: [] }
    const signer = { client: client.id, jwks, audience: deps.issuer }
    const attest = await verifySignedAttest(details.signedAttest, signer, deps.clock())
    return limitClientAttest(attest, token.person, issuedAttest(token))
  }
  if (token.attest === undefined)
    throw refused(
      'Neither the subject token nor the request holds an attest',
      'attestation_missing',
    )
  return readAttest(token.attest)
}

/** The issuer's own attest; none where it says too little to be one, as at a sign-in before a patient is chosen. */
function issuedAttest({ attest }: ForeignToken): Attest | undefined {
  try {
    return attest === undefined ? undefined : readAttest(attest)
  } catch (error) {
    if (isHubError(error, 'invalid')) return undefined
    throw error
  }
}
