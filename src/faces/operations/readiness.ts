/** Whether this node can do its work now: each part checked, within a time, at most once a second. */
import { isHubError } from '../../kernel/errors.ts'
import type { Log } from '../../kernel/log.ts'

export interface PartState {
  readonly ok: boolean
  readonly milliseconds: number
  /** What to fix, where it is known. */
  readonly problem?: string | undefined
}

export interface Readiness {
  readonly ready: boolean
  readonly draining: boolean
  readonly parts: Readonly<Record<string, PartState>>
}

export interface ReadinessDeps {
  /** Part (`database`, `objects`, `keys`) to a check that rejects where the part cannot serve. */
  readonly checks: Readonly<Record<string, () => Promise<unknown>>>
  /** True from the signal to stop: the load balancer turns away while streams run to their end. */
  readonly isDraining: () => boolean
  readonly log: Log
  /** How long a check may take before its part counts as failed. */
  readonly patienceMs?: number | undefined
}

const PATIENCE_MS = 2000
/** Probes of several balancers share an answer this old. */
const FRESH_MS = 1000

export function makeReadiness(deps: ReadinessDeps): () => Promise<Readiness> {
  const held: { at: number; parts: Promise<Readiness['parts']> | undefined } = {
    at: 0,
    parts: undefined,
  }
  return async () => {
    const now = performance.now()
    if (held.parts === undefined || now - held.at > FRESH_MS) {
      held.at = now
      held.parts = checkAll(deps)
    }
    const parts = await held.parts
    const draining = deps.isDraining()
    return { ready: !draining && Object.values(parts).every(({ ok }) => ok), draining, parts }
  }
}

async function checkAll({ checks, log, patienceMs }: ReadinessDeps): Promise<Readiness['parts']> {
  const states = Object.entries(checks).map(
    async ([part, check]) =>
      [part, await checkPart(part, () => within(patienceMs ?? PATIENCE_MS, check), log)] as const,
  )
  return Object.fromEntries(await Promise.all(states))
}

async function checkPart(
  part: string,
  check: () => Promise<unknown>,
  log: Log,
): Promise<PartState> {
  const began = performance.now()
  const milliseconds = (): number => Math.round(performance.now() - began)
  try {
    await check()
    return { ok: true, milliseconds: milliseconds() }
  } catch (error) {
    // A driver's message may hold an address or a user name: the log has it, the answer does not.
    const problem = isHubError(error) ? error.message : 'failed: the log says why'
    log.warn({ part, err: error }, 'A part is not ready')
    return { ok: false, milliseconds: milliseconds(), problem }
  }
}

async function within(ms: number, work: () => Promise<unknown>): Promise<void> {
  const patience = Promise.withResolvers<never>()
  const timer = setTimeout(() => {
    patience.reject(new Error(`No answer within ${ms} ms`))
  }, ms)
  try {
    await Promise.race([work(), patience.promise])
  } finally {
    clearTimeout(timer)
  }
}
