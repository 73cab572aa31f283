/**
 * A viewer asks for the instances of a study one by one: after the first, the whole study's places are kept
 * for a moment. What is kept was found for one asker and answers that one alone, so a caller who may
 * not see the study learns nothing from it, not even by the time an answer takes.
 */
import { LRUCache } from 'lru-cache'
import type { Clock } from '../kernel/clock.ts'
import type { InstanceUid } from '../kernel/ids.ts'
import type { Db } from '../storage/db.ts'
import {
  type Asker,
  type CopyInstance,
  findStudyCopies,
  type StudyCopy,
  type StudyScope,
} from '../storage/study-copies.ts'

/** As `findStudyCopies`; what it finds of a single instance may be as old as `KEPT_MS`. */
export type FindCopies = (scope: StudyScope, asker: Asker) => Promise<readonly StudyCopy[]>

/** Well below the 5 s in which a change must be felt (access.md section 4). */
const KEPT_MS = 1_000
/** A second question within this time makes the study worth keeping. */
const ASKED_MS = 5_000
/** Instances of all kept studies: some 50 MB. */
const MOST_INSTANCES = 200_000

interface Kept {
  readonly at: number
  readonly study: Promise<KeptStudy>
}

interface KeptStudy {
  readonly copies: readonly KeptCopy[]
}

interface KeptCopy {
  readonly copy: StudyCopy
  readonly instances: ReadonlyMap<InstanceUid, CopyInstance>
}

export function makeFindCopies(deps: { readonly db: Db; readonly clock: Clock }): FindCopies {
  const asked = new LRUCache<string, number>({ max: 10_000 })
  const kept = new LRUCache<string, Kept>({ maxSize: MOST_INSTANCES })

  function keep(key: string, scope: StudyScope, asker: Asker): Kept {
    const study = loadStudy(deps.db, scope, asker)
    const entry = { at: deps.clock().getTime(), study }
    kept.set(key, entry, { size: MOST_INSTANCES / 100 })
    // What could not be loaded is not kept; what was is weighed.
    study.then(
      ({ copies }) => kept.set(key, entry, { size: weightOf(copies) }),
      () => kept.delete(key),
    )
    return entry
  }

  function recent(key: string, now: number): Kept | undefined {
    const known = kept.get(key)
    return known === undefined || now - known.at >= KEPT_MS ? undefined : known
  }

  return async (scope, asker) => {
    const { instance } = scope
    if (instance === undefined) return findStudyCopies(deps.db, scope, asker)
    const key = `${scope.study} ${JSON.stringify(asker)}`
    const now = deps.clock().getTime()
    const isAskedAgain = now - (asked.get(key) ?? 0) < ASKED_MS
    asked.set(key, now)
    if (!isAskedAgain) return findStudyCopies(deps.db, scope, asker)

    const { study } = recent(key, now) ?? keep(key, { study: scope.study }, asker)
    const found = narrow(await study, { ...scope, instance })
    // It may have arrived since.
    return found.length > 0 ? found : findStudyCopies(deps.db, scope, asker)
  }
}

async function loadStudy(db: Db, scope: StudyScope, asker: Asker): Promise<KeptStudy> {
  const copies = await findStudyCopies(db, scope, asker)
  return {
    copies: copies.map((copy) => ({
      copy,
      instances: new Map(copy.instances.map((one) => [one.instance, one])),
    })),
  }
}

function weightOf(copies: readonly KeptCopy[]): number {
  return copies.reduce((sum, { instances }) => sum + instances.size, 1)
}

function narrow(
  { copies }: KeptStudy,
  { series, instance }: StudyScope & { readonly instance: InstanceUid },
): readonly StudyCopy[] {
  return copies.flatMap(({ copy, instances }) => {
    const found = instances.get(instance)
    const isWithin = series === undefined || found?.series === series
    if (found === undefined || !isWithin) return []
    return [{ ...copy, instances: [found] }]
  })
}
