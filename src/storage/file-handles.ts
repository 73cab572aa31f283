/** Files kept open for reading: the most recent ones, closed when no read is using them. */
import { open, type FileHandle } from 'node:fs/promises'
import { LRUCache } from 'lru-cache'
import { HubError } from '../kernel/errors.ts'

export interface FileHandles {
  /** Returns how many bytes were read, fewer than asked for only at the end of the file. */
  read(path: string, range: ReadRange): Promise<number>
  /** Closes the file once nobody reads it any more: a deleted one else takes its place on the disk. */
  forget(path: string): void
  close(): Promise<void>
}

export interface ReadRange {
  readonly offset: number
  readonly length: number
  readonly buffer: Uint8Array
}

interface OpenFile {
  readonly handle: Promise<FileHandle>
  readers: number
  evicted: boolean
}

const MOST = 256

export function makeFileHandles(): FileHandles {
  const closing = new Set<Promise<void>>()
  const files = new LRUCache<string, OpenFile>({
    max: MOST,
    dispose: (file) => {
      Object.assign(file, { evicted: true })
      closeIfUnused(file)
    },
  })

  function closeIfUnused(file: OpenFile): void {
    if (!file.evicted || file.readers > 0) return
    const closed = file.handle
      .then((handle) => handle.close())
      .catch(() => undefined)
      .finally(() => closing.delete(closed))
    closing.add(closed)
  }

  function fileOf(path: string): OpenFile {
    const known = files.get(path)
    if (known !== undefined) return known
    const file = { handle: open(path), readers: 0, evicted: false }
    file.handle.catch(() => files.delete(path))
    files.set(path, file)
    return file
  }

  return {
    async read(path, range) {
      const file = fileOf(path)
      file.readers += 1
      try {
        return await readFully(await file.handle, range)
      } catch (error) {
        throw new HubError('unavailable', 'Stored bytes could not be read', { cause: error })
      } finally {
        file.readers -= 1
        closeIfUnused(file)
      }
    },
    forget(path) {
      files.delete(path)
    },
    async close() {
      files.clear()
      await Promise.all(closing)
    },
  }
}

async function readFully(
  handle: FileHandle,
  { offset, length, buffer }: ReadRange,
): Promise<number> {
  let done = 0
  while (done < length) {
    const { bytesRead } = await handle.read(buffer, done, length - done, offset + done)
    if (bytesRead === 0) break
    done += bytesRead
  }
  return done
}
