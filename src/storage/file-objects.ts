/** The object store on a file system: `<folder>/<two digits of the id>/<id>`, one file per landing. */
import { randomUUID } from 'node:crypto'
import { mkdir, open, readdir, rm, stat, unlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Clock } from '../kernel/clock.ts'
import { HubError } from '../kernel/errors.ts'
import { requireSpace } from './disk-space.ts'
import { makeFileHandles } from './file-handles.ts'
import { makeLandingBuffers, openLanding } from './file-landing.ts'
import type { ObjectStore } from './objects.ts'

export interface FileObjectsOptions {
  readonly clock: Clock
  /**
   * A file that no row names is left alone until nothing was written to it for this long: another process
   * may be on the way to its row.
   */
  readonly sweepAfterMs?: number | undefined
  /** Bytes that stay free on the disk: a landing that would take of them is refused. */
  readonly reserveBytes?: number | undefined
}

const SWEEP_AFTER = 60 * 60 * 1000
const SWEEP_BATCH = 500
const RESERVE = 512 * 1024 * 1024
/** Whoever else has an account on the machine has no business with what lies here. */
const PRIVATE_FOLDER = 0o700
const PRIVATE_FILE = 0o600
const ID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

/** Makes the folders that are missing. Throws the file system's error where it cannot. */
export async function makeFileObjects(
  folder: string,
  { clock, sweepAfterMs = SWEEP_AFTER, reserveBytes = RESERVE }: FileObjectsOptions,
): Promise<ObjectStore> {
  await makeFolders(folder)
  const handles = makeFileHandles()
  const buffers = makeLandingBuffers()
  const writing = new Set<string>()

  function pathOf(id: string): string {
    if (!ID.test(id)) throw new HubError('unavailable', 'Not the id of a landing')
    return join(folder, id.slice(0, 2), id)
  }

  async function isOld(id: string): Promise<boolean> {
    if (writing.has(id)) return false
    const { mtimeMs } = await stat(pathOf(id))
    return clock().getTime() - mtimeMs > sweepAfterMs
  }

  return {
    async createLanding() {
      const id = randomUUID()
      writing.add(id)
      return openLanding({
        id,
        path: pathOf(id),
        buffers,
        requireSpace: () => requireSpace(folder, reserveBytes),
        onEnd: () => writing.delete(id),
      })
    },
    read: async (landing, offset, length, buffer) =>
      handles.read(pathOf(landing), { offset, length, buffer }),
    async remove(landing) {
      handles.forget(pathOf(landing))
      await rm(pathOf(landing), { force: true })
    },
    sweep: (isKnown) =>
      sweepLandings(folder, { isOld, isKnown, remove: (id) => rm(pathOf(id), { force: true }) }),
    check: () => probe(folder),
    close: () => handles.close(),
  }
}

interface Sweeping {
  readonly isOld: (id: string) => Promise<boolean>
  readonly isKnown: (ids: readonly string[]) => Promise<ReadonlySet<string>>
  readonly remove: (id: string) => Promise<void>
}

/** Removes what is old and known to nobody; returns how many that were. */
async function sweepLandings(folder: string, sweeping: Sweeping): Promise<number> {
  let count = 0
  let batch: string[] = []
  for await (const id of landingIds(folder)) {
    if (batch.push(id) < SWEEP_BATCH) continue
    count += await sweepBatch(batch, sweeping)
    batch = []
  }
  return count + (await sweepBatch(batch, sweeping))
}

async function sweepBatch(
  ids: readonly string[],
  { isOld, isKnown, remove }: Sweeping,
): Promise<number> {
  const old: string[] = []
  for (const id of ids) if (await isOld(id).catch(() => false)) old.push(id)
  if (old.length === 0) return 0
  const known = await isKnown(old)
  const unknown = old.filter((id) => !known.has(id))
  for (const id of unknown) await remove(id)
  return unknown.length
}

/** All 256 of them at once, and durable: a landing then syncs no folder but its own. */
async function makeFolders(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true, mode: PRIVATE_FOLDER })
  const present = new Set(await readdir(folder))
  for (let index = 0; index < 256; index += 1) {
    const name = index.toString(16).padStart(2, '0')
    if (!present.has(name))
      await mkdir(join(folder, name), { recursive: true, mode: PRIVATE_FOLDER })
  }
  const handle = await open(folder)
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

async function* landingIds(folder: string): AsyncGenerator<string, void, undefined> {
  for (const name of await readdir(folder)) {
    if (!/^[0-9a-f]{2}$/.test(name)) continue
    for (const id of await readdir(join(folder, name))) if (ID.test(id)) yield id
  }
}

async function probe(folder: string): Promise<void> {
  const path = join(folder, `.probe-${randomUUID()}`)
  try {
    await writeFile(path, 'samsyn', { flush: true, mode: PRIVATE_FILE })
    await unlink(path)
  } catch (error) {
    await rm(path, { force: true }).catch(() => undefined)
    throw new HubError(
      'unavailable',
      'The object store cannot be written: check the permissions and free space of its folder',
      { cause: error },
    )
  }
}
