/** The DICOM objects among files and folders, whatever their names are. */
import type { Dirent } from 'node:fs'
import { open, readdir, stat, type FileHandle } from 'node:fs/promises'
import path from 'node:path'
import { HubError } from '../kernel/errors.ts'
import { readFileMeta } from '../wire/dicom/file-meta.ts'

export interface FoundObject {
  readonly file: string
  readonly bytes: number
  /** (0002,0003) */
  readonly instanceUid: string
}

export interface SkippedFile {
  readonly file: string
  readonly reason: string
}

/** File Meta Information and what comes before it, at its longest. */
const START = 66_000

/** In the order of the names. Throws `invalid` for a path that is not there. */
export async function* findObjects(
  paths: readonly string[],
): AsyncGenerator<FoundObject | SkippedFile> {
  for (const given of paths) {
    const found = await stat(given).catch((error: unknown) => {
      throw new HubError('invalid', `${given} cannot be read`, { cause: error })
    })
    if (found.isDirectory()) yield* findInFolder(given)
    else yield await judge(given)
  }
}

async function* findInFolder(folder: string): AsyncGenerator<FoundObject | SkippedFile> {
  const entries = await readdir(folder, { withFileTypes: true })
  for (const entry of entries.toSorted(byName)) {
    const inside = path.join(folder, entry.name)
    if (entry.isDirectory()) yield* findInFolder(inside)
    else if (entry.isFile()) yield await judge(inside)
  }
}

function byName(one: Dirent, other: Dirent): number {
  return one.name < other.name ? -1 : 1
}

async function judge(file: string): Promise<FoundObject | SkippedFile> {
  let handle: FileHandle | undefined
  try {
    handle = await open(file)
    const { size } = await handle.stat()
    const buffer = Buffer.alloc(Math.min(size, START))
    await handle.read(buffer)
    const meta = readFileMeta(buffer)
    if (typeof meta === 'string') return { file, reason: 'is not a DICOM file' }
    return { file, bytes: size, instanceUid: meta.instanceUid }
  } catch {
    return { file, reason: 'cannot be read' }
  } finally {
    await handle?.close()
  }
}
