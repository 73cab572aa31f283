/** Every service over one installation's storage: the verbs that faces, jobs and commands are given. */
import { randomUUID } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { readOwnDefinitions, specificationTexts } from './definition-files.ts'
import type { Config } from './config.ts'
import type { Storage } from './compose-storage.ts'
import { POLICY_PROFILES, type PolicyProfile } from './domain/access/profiles.ts'
import type { Clock } from './kernel/clock.ts'
import { HubError } from './kernel/errors.ts'
import type { Log } from './kernel/log.ts'
import { startAccessState } from './services/access-state.ts'
import { makeAdmitOperator } from './services/admit-operator.ts'
import { makeAuditToken } from './services/audit-token.ts'
import { makeAuthenticateClient } from './services/authenticate-client.ts'
import { makeAuthenticate } from './services/authenticate.ts'
import { makeAuthorize } from './services/authorize.ts'
import { makeCreateResource } from './services/create-resource.ts'
import { makeDecideSight } from './services/decide-sight.ts'
import { makeDeleteResource } from './services/delete-resource.ts'
import { makeExchangeToken } from './services/exchange-token.ts'
import { makeFindStudies } from './services/find-studies.ts'
import { makeGrantAccess } from './services/grant-access.ts'
import { makeIntrospectToken } from './services/introspect-token.ts'
import { makeListBreakGlassReviews } from './services/list-break-glass-reviews.ts'
import { makeLiveDisclosures } from './services/live-disclosures.ts'
import { makeAdministration } from './services/make-administration.ts'
import { makeNarrowGrant } from './services/narrow-grant.ts'
import { makeNoteRefusal } from './services/note-refusal.ts'
import { makeOpenMetadata } from './services/open-metadata.ts'
import { makeOpenStudy } from './services/open-study.ts'
import { makePatchResource } from './services/patch-resource.ts'
import { makePublishInstances } from './services/publish-instances.ts'
import { makeReadHistory } from './services/read-history.ts'
import { makeReadResource } from './services/read-resource.ts'
import { makeRecordConsent } from './services/record-consent.ts'
import { makeRegisterStudy } from './services/register-study.ts'
import { makeResolvePatient } from './services/resolve-patient.ts'
import { makeReplaceConsent } from './services/replace-consent.ts'
import { makeResourceWriters } from './services/resource-writers.ts'
import { makeReviewBreakGlass } from './services/review-break-glass.ts'
import { makeRevokeAccess } from './services/revoke-access.ts'
import { makeRevokeToken } from './services/revoke-token.ts'
import { makeRunBatch } from './services/run-batch.ts'
import { makeRunTransaction } from './services/run-transaction.ts'
import { makeSearchResources } from './services/search-resources.ts'
import { makeSettleStudy } from './services/settle-study.ts'
import { startAudit } from './services/start-audit.ts'
import { makeSweepExpired } from './services/sweep-expired.ts'
import { makeSyncSource } from './services/sync-source.ts'
import { makeUpdateResource } from './services/update-resource.ts'
import { makeDicomwebSources } from './sources/dicomweb.ts'
import { makeEgress } from './sources/egress.ts'
import { makeIssuerKeys } from './sources/issuer-keys.ts'
import { observeEgress, type ObserveCall } from './sources/observe-egress.ts'
import { makeOidcRecords } from './storage/oidc.ts'
import { makeUseProof } from './storage/used-proofs.ts'
import { makeCheckpointKey, type CheckpointKey } from './wire/audit/checkpoint.ts'
import { makeDefinitions } from './wire/fhir/definitions.ts'
import { makeStructures } from './wire/fhir/structures.ts'
import { makeSummarize } from './wire/fhir/summary.ts'
import { makeValidate } from './wire/fhir/validate.ts'
import { makeXml } from './wire/fhir/xml.ts'
import { parsePolicyProfile } from './wire/policy-profile.ts'
import { makeVerifyAccessToken } from './wire/oauth/access-token.ts'
import { makeVerifyDpopProof } from './wire/oauth/dpop.ts'
import { publicJwks } from './wire/oauth/jwks.ts'

/** What all of it stands on. */
export interface Foundation {
  readonly config: Config
  readonly storage: Storage
  readonly clock: Clock
  readonly log: Log
  /** Hears of each call to a system that is not ours, once it has ended; absent where nobody asks. */
  readonly observeCall?: ObserveCall | undefined
}

/** Types follow the makers: a service's own file says what it is. */
type Made<Maker extends (...args: never) => unknown> = ReturnType<Maker>

export interface Services {
  readonly admitOperator: Made<typeof makeAdmitOperator>
  readonly administration: Made<typeof makeAdministration>
  readonly authenticate: Made<typeof makeAuthenticate>
  readonly authenticateClient: Made<typeof makeAuthenticateClient>
  readonly auditToken: Made<typeof makeAuditToken>
  readonly authorize: Made<typeof makeAuthorize>
  readonly createResource: Made<typeof makeCreateResource>
  readonly deleteResource: Made<typeof makeDeleteResource>
  readonly exchangeToken: Made<typeof makeExchangeToken>
  readonly findStudies: Made<typeof makeFindStudies>
  readonly introspectToken: Made<typeof makeIntrospectToken>
  readonly listBreakGlassReviews: Made<typeof makeListBreakGlassReviews>
  readonly liveDisclosures: Made<typeof makeLiveDisclosures>
  readonly noteRefusal: Made<typeof makeNoteRefusal>
  readonly oidcRecords: Made<typeof makeOidcRecords>
  readonly openMetadata: Made<typeof makeOpenMetadata>
  readonly openStudy: Made<typeof makeOpenStudy>
  readonly ownDefinitions: Made<typeof readOwnDefinitions>
  readonly patchResource: Made<typeof makePatchResource>
  readonly publishInstances: Made<typeof makePublishInstances>
  readonly readHistory: Made<typeof makeReadHistory>
  readonly readResource: Made<typeof makeReadResource>
  readonly recordConsent: Made<typeof makeRecordConsent>
  readonly replaceConsent: Made<typeof makeReplaceConsent>
  readonly reviewBreakGlass: Made<typeof makeReviewBreakGlass>
  readonly revokeToken: Made<typeof makeRevokeToken>
  readonly runBatch: Made<typeof makeRunBatch>
  readonly runTransaction: Made<typeof makeRunTransaction>
  readonly searchResources: Made<typeof makeSearchResources>
  readonly settleStudy: Made<typeof makeSettleStudy>
  readonly state: Awaited<Made<typeof startAccessState>>
  readonly summarize: Made<typeof makeSummarize>
  readonly sweepExpired: Made<typeof makeSweepExpired>
  readonly updateResource: Made<typeof makeUpdateResource>
  readonly useProof: Made<typeof makeUseProof>
  readonly xml: Made<typeof makeXml>
  /** Ends disclosures, anchors the audit log, lets go of sources. Close faces and jobs first. */
  close(): Promise<void>
}

/** A Norwegian sender that names no issuer means the national number; what is none is queued. */
const DEPOSIT_DEFAULTS = {
  characterSet: 'ISO_IR 100',
  issuer: 'urn:oid:2.16.578.1.12.4.1.4.1',
}

export async function startServices(foundation: Foundation): Promise<Services> {
  const ground = await startGround(foundation)
  const { state, audit, egress, liveDisclosures } = ground
  return {
    ...makeAccessServices(foundation, ground),
    ...makeImagingServices(foundation, ground),
    ...makeRegistryServices(foundation, ground),
    state,
    liveDisclosures,
    async close() {
      liveDisclosures.close()
      await audit.close()
      await egress.close()
      await state.close()
    },
  }
}

/** What most services are made of. */
interface Ground {
  readonly state: Awaited<Made<typeof startAccessState>>
  readonly audit: Awaited<Made<typeof startAudit>>
  readonly liveDisclosures: Made<typeof makeLiveDisclosures>
  readonly egress: Made<typeof makeEgress>
  readonly authorize: Made<typeof makeAuthorize>
  readonly profile: PolicyProfile
}

async function startGround({
  config,
  storage,
  clock,
  log,
  observeCall = () => undefined,
}: Foundation): Promise<Ground> {
  const profile = await readProfile(config)
  const { pool } = storage
  const state = await startAccessState({ pool, clock, log })
  const liveDisclosures = makeLiveDisclosures({ state, profile, clock })
  const audit = await startAudit({
    pool: storage.auditPool,
    anchorFile: config.auditAnchor,
    key: checkpointKey(storage),
    hub: { name: 'Samsyn', url: config.baseUrl },
    watch: liveDisclosures.open,
    clock,
    log,
  }).catch(async (error: unknown) => {
    await state.close()
    throw error
  })
  const egress = observeEgress(makeEgress({ allow: config.egressAllow }), observeCall)
  const authorize = makeAuthorize({ state, profile, clock })
  return { state, audit, liveDisclosures, egress, profile, authorize }
}

/** A built-in profile by its name, or one of the operator's in a file. */
async function readProfile({ policyProfile }: Config): Promise<PolicyProfile> {
  const builtIn = POLICY_PROFILES.find(({ id }) => id === policyProfile)
  if (builtIn !== undefined) return builtIn
  const text = await readFile(policyProfile, 'utf8').catch((cause: unknown) => {
    const known = POLICY_PROFILES.map(({ id }) => id).join(', ')
    const message = `SAMSYN_POLICY_PROFILE is no file that can be read, and none of: ${known}`
    throw new HubError('invalid', message, { cause })
  })
  return parsePolicyProfile(text)
}

/** The key that signs the audit log's checkpoints; `samsyn audit verify` derives it again. */
export function checkpointKey({ sealer }: Pick<Storage, 'sealer'>): CheckpointKey {
  return makeCheckpointKey(sealer.subkey('audit-checkpoint'))
}

function makeAccessServices({ config, storage, clock }: Foundation, ground: Ground) {
  const { pool, sealer, keys } = storage
  const { state, audit, egress, profile } = ground
  const accessState = state
  const recordAudit = audit.record
  const issuer = config.baseUrl
  const useProof = makeUseProof(pool)
  const verifyAccessToken = makeVerifyAccessToken(publicJwks(keys.signing), issuer)
  const auditToken = makeAuditToken({ accessState, recordAudit, clock })
  const verifyDpopProof = makeVerifyDpopProof()
  const tokens = { issuer, accessState, useProof, verifyAccessToken, verifyDpopProof, clock }
  const deciding = { pool, state, profile, sealer, recordAudit, clock }
  const reviewing = { pool, authorize: ground.authorize, recordAudit, clock }
  return {
    admitOperator: makeAdmitOperator({ authorize: ground.authorize, recordAudit, clock }),
    auditToken,
    useProof,
    authorize: ground.authorize,
    noteRefusal: makeNoteRefusal({ accessState, recordAudit, clock }),
    oidcRecords: makeOidcRecords(pool),
    authenticate: makeAuthenticate(tokens),
    authenticateClient: makeAuthenticateClient(tokens),
    introspectToken: makeIntrospectToken(tokens),
    listBreakGlassReviews: makeListBreakGlassReviews(reviewing),
    reviewBreakGlass: makeReviewBreakGlass(reviewing),
    revokeToken: makeRevokeToken({ ...tokens, revokeAccess: makeRevokeAccess(deciding) }),
    exchangeToken: makeExchangeToken({
      ...tokens,
      trustedIssuers: config.trustedIssuers,
      issuerKeys: makeIssuerKeys({ egress, clock }),
      grantAccess: makeGrantAccess(deciding),
      narrowGrant: makeNarrowGrant(deciding),
      auditToken,
    }),
  }
}

function makeImagingServices({ config, storage, clock, log }: Foundation, ground: Ground) {
  const { pool, sealer, objects } = storage
  const { audit, egress, authorize } = ground
  const openSource = makeDicomwebSources(egress)
  const registering = { settleMs: config.studySettleMs, timeZone: 'Europe/Oslo' }
  const rules = { environment: config.environment }
  const resolvePatient = makeResolvePatient({ clock, rules, sealer })
  const registerStudy = makeRegisterStudy({ ...registering, resolvePatient, sealer })
  const shared = {
    ...{ pool, db: pool, sealer, objects, clock, log, authorize, openSource, registerStudy },
    recordAudit: audit.record,
    openDisclosure: audit.openDisclosure,
  }
  return {
    findStudies: makeFindStudies(shared),
    openStudy: makeOpenStudy(shared),
    openMetadata: makeOpenMetadata(shared),
    publishInstances: makePublishInstances({ ...shared, defaults: DEPOSIT_DEFAULTS }),
    sweepExpired: makeSweepExpired({ pool, objects, clock }),
    settleStudy: makeSettleStudy({ pool, clock, settleMs: config.studySettleMs }),
    administration: makeAdministration({
      ...shared,
      ...registering,
      rules,
      dicomWeb: `${config.baseUrl}/dicom-web`,
      checkEgress: (url) => {
        egress.check(url)
      },
      syncSource: makeSyncSource(shared),
    }),
  }
}

function makeRegistryServices({ config, storage, clock }: Foundation, ground: Ground) {
  const { pool } = storage
  const { state, audit, authorize } = ground
  const ownDefinitions = readOwnDefinitions()
  const shared = {
    ...{ pool, db: pool, state, clock, authorize, recordAudit: audit.record },
    base: `${config.baseUrl}/fhir`,
    validate: makeValidate(specificationTexts(), ownDefinitions),
    newId: () => randomUUID(),
  }
  const structures = makeStructures(makeDefinitions(specificationTexts()))
  const decideSight = makeDecideSight(shared)
  const reading = { ...shared, decideSight }
  const writing = { ...reading, writers: makeResourceWriters({ sealer: storage.sealer }) }
  const interactions = {
    createResource: makeCreateResource(writing),
    updateResource: makeUpdateResource(writing),
    patchResource: makePatchResource(writing),
    deleteResource: makeDeleteResource(writing),
    readResource: makeReadResource(reading),
    readHistory: makeReadHistory(reading),
    searchResources: makeSearchResources(reading),
    recordConsent: makeRecordConsent(shared),
    replaceConsent: makeReplaceConsent(shared),
  }
  return {
    ...interactions,
    ownDefinitions,
    xml: makeXml(structures),
    summarize: makeSummarize(structures),
    runTransaction: makeRunTransaction(writing),
    runBatch: makeRunBatch({ ...interactions, base: shared.base }),
  }
}
