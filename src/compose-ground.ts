/** What most services are made of: access state, the audit log, the door out, and the decision over them. */
import { readFile } from 'node:fs/promises'
import type { Storage } from './compose-storage.ts'
import type { Config } from './config.ts'
import { POLICY_PROFILES, type PolicyProfile } from './domain/access/profiles.ts'
import type { Clock } from './kernel/clock.ts'
import { HubError } from './kernel/errors.ts'
import type { Log } from './kernel/log.ts'
import { startAccessState } from './services/access-state.ts'
import { makeAuthorize } from './services/authorize.ts'
import { makeLimitRate } from './services/limit-rate.ts'
import { makeLiveDisclosures } from './services/live-disclosures.ts'
import { makeResolvePatient } from './services/resolve-patient.ts'
import { startAudit } from './services/start-audit.ts'
import { makeEgress } from './sources/egress.ts'
import { observeEgress, type ObserveCall } from './sources/observe-egress.ts'
import { parsePolicyProfile } from './wire/policy-profile.ts'
import { makeCheckpointKey, type CheckpointKey } from './wire/audit/checkpoint.ts'

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
export type Made<Maker extends (...args: never) => unknown> = ReturnType<Maker>

export interface Ground {
  readonly state: Awaited<Made<typeof startAccessState>>
  readonly audit: Awaited<Made<typeof startAudit>>
  readonly liveDisclosures: Made<typeof makeLiveDisclosures>
  readonly egress: Made<typeof makeEgress>
  readonly authorize: Made<typeof makeAuthorize>
  readonly profile: PolicyProfile
  /** How studies and persons are entered, whatever protocol tells of them. */
  readonly registering: Registering
}

export interface Registering {
  readonly settleMs: number
  readonly timeZone: string
  readonly rules: { readonly environment: Config['environment'] }
  readonly resolvePatient: Made<typeof makeResolvePatient>
  readonly limitRate: Made<typeof makeLimitRate>
}

/** IANA zone of times that say none. */
const TIME_ZONE = 'Europe/Oslo'
/** A busy reception's questions; whoever lists people asks more. */
const PERSONS_A_MINUTE = 60

export async function startGround({
  config,
  storage,
  clock,
  log,
  observeCall = () => undefined,
}: Foundation): Promise<Ground> {
  const profile = await readProfile(config)
  const { pool, sealer } = storage
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
  const rules = { environment: config.environment }
  const registering = {
    settleMs: config.studySettleMs,
    timeZone: TIME_ZONE,
    rules,
    resolvePatient: makeResolvePatient({ clock, rules, sealer }),
    limitRate: makeLimitRate({ clock, perMinute: PERSONS_A_MINUTE }),
  }
  return { state, audit, liveDisclosures, egress, profile, authorize, registering }
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
