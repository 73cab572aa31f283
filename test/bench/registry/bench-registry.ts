/** The registry at a size: what it is asked, what it is sent, what it takes, beside the bare limit. */
import type { BenchLine } from '../bench-line.ts'
import { makeBenchScope } from '../scope.ts'
import { benchExport } from './export.ts'
import { benchIngest } from './ingest.ts'
import { benchMemory } from './memory.ts'
import { QUESTIONS, TIMELINE } from './questions.ts'
import { benchGrowth, benchQuestion, type Pace } from './reads.ts'
import { startBenchServer } from './server.ts'
import { benchSize } from './size.ts'
import { openWorld, type World } from './world.ts'

export interface RegistryOptions {
  readonly studies: number
  /** Where the databases are, and stay; a folder of its own that goes with the run where absent. */
  readonly database: string | undefined
  /** Of each round of each question. */
  readonly seconds: number
}

export interface Reporting {
  report(lines: readonly BenchLine[]): void
  tell(text: string): void
}

const ROUNDS = 3
/** What larger registries are compared with. */
const SMALL = 100_000

export async function benchRegistry(
  { studies, database, seconds }: RegistryOptions,
  { report, tell }: Reporting,
): Promise<void> {
  await using scope = makeBenchScope()
  const server = await startBenchServer(scope, database)
  const pace: Pace = { seconds, rounds: ROUNDS }
  const open = async (size: number): Promise<World> => {
    const world = await openWorld(scope, { server, studies: size, onProgress: tell })
    const { loaded, loadSeconds } = world
    const took = loadSeconds === undefined ? 'kept' : `loaded in ${loadSeconds.toFixed(0)} s`
    tell(`${loaded.studies} studies of ${loaded.patients} patients, ${took}`)
    return world
  }
  const world = await open(studies)
  const attempt = async (
    name: string,
    work: () => Promise<readonly BenchLine[]>,
  ): Promise<void> => {
    report(await work().catch((error: unknown) => [failed(name, error)]))
  }
  await attempt('size', async () => [await benchSize(world, tell)])
  for (const question of QUESTIONS)
    await attempt(question.name, () => benchQuestion(world, question, pace))
  if (studies > SMALL)
    await attempt('growth', async () => [
      await benchGrowth({ small: await open(SMALL), large: world }, TIMELINE, pace),
    ])
  await attempt('export', async () => [await benchExport(world)])
  await attempt('ingest', async () => [await benchIngest(world, seconds * ROUNDS)])
  await attempt('memory', () => benchMemory(world))
}

/** What could not be measured has missed, and keeps nothing else from being measured. */
function failed(name: string, error: unknown): BenchLine {
  return { name, mark: 'measured', value: String(error).slice(0, 500), cpuMs: '-', pass: false }
}
