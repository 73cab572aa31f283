/** Questions to the hub beside its peers: they take turns, so that a busy moment of the machine falls on all. */
import type { BenchLine } from '../bench-line.ts'
import { load, quantile, type LoadResult, type LoadTarget } from '../load.ts'
import { makeBenchScope } from '../scope.ts'
import { startPeers, type Peers } from './peers.ts'
import type { Question } from './questions.ts'
import type { World } from './world.ts'

export interface Pace {
  /** Of one round with one server. */
  readonly seconds: number
  readonly rounds: number
}

type Side = keyof Peers
type Results = Readonly<Record<Side, readonly LoadResult[]>>

const CONCURRENCY = 16

export async function benchQuestion(
  world: World,
  question: Question,
  pace: Pace,
): Promise<readonly BenchLine[]> {
  await using scope = makeBenchScope()
  const peers = await startPeers(scope, world, await question.ask(world))
  const results = await takeTurns(peers, pace)
  const { hub, service, bare } = results
  return [
    lineOf(question, { name: question.name, side: hub, bare }, question.mark),
    lineOf(
      {},
      { name: `${question.name}: the service alone`, side: service, bare },
      question.serviceMark,
    ),
  ]
}

async function takeTurns(peers: Peers, { seconds, rounds }: Pace): Promise<Results> {
  const results: Record<Side, LoadResult[]> = { bare: [], hub: [], service: [] }
  const sides = ['bare', 'hub', 'service'] as const
  for (const side of sides) await warm(peers[side])
  for (let round = 0; round < rounds; round += 1)
    for (const side of sides) results[side].push(await loadOnce(peers[side], seconds))
  return results
}

const WARM_REQUESTS = 10_000
const WARM_ROUNDS = 8

/** Code is compiled as it runs, and a slow server has run less of it in the same time. */
async function warm(target: LoadTarget): Promise<void> {
  let requests = 0
  for (let round = 0; round < WARM_ROUNDS && requests < WARM_REQUESTS; round += 1)
    requests += (await loadOnce(target, 1)).perSecond
}

function loadOnce(target: LoadTarget, seconds: number): Promise<LoadResult> {
  return load(target, { seconds, concurrency: CONCURRENCY })
}

interface Compared {
  readonly name: string
  readonly side: readonly LoadResult[]
  readonly bare: readonly LoadResult[]
}

/** Without a mark the line tells and cannot miss. */
function lineOf(
  { perSecond = 0 }: Pick<Question, 'perSecond'>,
  { name, side, bare }: Compared,
  mark: number | undefined,
): BenchLine {
  const middle = (list: readonly LoadResult[], key: keyof LoadResult): number =>
    quantile(
      list.map((one) => one[key]),
      0.5,
    )
  const [rate, bareRate] = [middle(side, 'perSecond'), middle(bare, 'perSecond')]
  const ratio = quantile(
    side.map((one, at) => one.perSecond / (bare[at]?.perSecond ?? 0)),
    0.5,
  )
  const size = (middle(side, 'bytes') / 1000).toFixed(1)
  const times = `p50 ${middle(side, 'p50Ms').toFixed(1)} p99 ${middle(side, 'p99Ms').toFixed(1)} ms`
  const cpu = (list: readonly LoadResult[]): string => {
    const [own, database] = [middle(list, 'cpuMsPerRequest'), middle(list, 'databaseMsPerRequest')]
    return `${own.toFixed(2)} + ${database.toFixed(2)} database`
  }
  const marks = [
    mark === undefined ? 'none of its own' : `>= ${mark} x bare pg`,
    ...(perSecond === 0 ? [] : [`>= ${perSecond}/s`]),
  ]
  return {
    name: `${name}, ${CONCURRENCY} clients`,
    mark: marks.join(' and '),
    value: `${ratio.toFixed(2)} x: ${rate.toFixed(0)}/s of ${bareRate.toFixed(0)}/s, ${size} kB, ${times}`,
    cpuMs: `${cpu(side)} (bare ${cpu(bare)})`,
    pass: ratio >= (mark ?? 0) && rate >= perSecond,
  }
}

/** The same question at two sizes of the registry, each by a hub of its own. */
export async function benchGrowth(
  { small, large }: { readonly small: World; readonly large: World },
  question: Question,
  { seconds, rounds }: Pace,
): Promise<BenchLine> {
  await using scope = makeBenchScope()
  const targets = {
    small: await startPeers(scope, small, await question.ask(small)),
    large: await startPeers(scope, large, await question.ask(large)),
  }
  const p99: Record<keyof typeof targets, number[]> = { small: [], large: [] }
  const sides = ['small', 'large'] as const
  for (const side of sides) await warm(targets[side].hub)
  for (let round = 0; round < rounds; round += 1)
    for (const side of sides) p99[side].push((await loadOnce(targets[side].hub, seconds)).p99Ms)
  const ratio = quantile(
    p99.large.map((one, at) => one / (p99.small[at] ?? 0)),
    0.5,
  )
  const told = (side: keyof typeof targets): string => quantile(p99[side], 0.5).toFixed(1)
  return {
    name: `${question.name}: p99 among ${large.studies} studies`,
    mark: `<= 1.5 x that among ${small.studies}`,
    value: `${ratio.toFixed(2)} x: ${told('large')} against ${told('small')} ms`,
    cpuMs: '-',
    pass: ratio <= 1.5,
  }
}
