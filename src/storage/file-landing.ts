/** One landing file being written: chunks gathered in two buffers, one filled while the other is written out. */
import { open, rm, type FileHandle } from 'node:fs/promises'
import { dirname } from 'node:path'
import { asDiskFull } from './disk-space.ts'
import type { Landing } from './objects.ts'

export interface LandingPlace {
  readonly id: string
  readonly path: string
  readonly buffers: LandingBuffers
  /** Throws where no more may be written; asked at the start and now and then. */
  readonly requireSpace: () => Promise<void>
  /** Called once, when nothing more will be written. */
  readonly onEnd: () => void
}

/** Few system calls per object, and few bytes in memory per request. */
const BUFFER = 512 * 1024
const MOST_KEPT = 16
/**
 * Bytes after which the disk is set to work on what was written, while more arrives: the sync that the
 * sender waits for then finds little left to do.
 */
const SYNC_EVERY = 8 * 1024 * 1024
/** Bytes written between two looks at the free space. */
const LOOK_EVERY = 64 * 1024 * 1024

/** Buffers used over and over: allocating them anew costs more than filling them. */
export interface LandingBuffers {
  take(): Buffer
  give(buffer: Buffer): void
}

export function makeLandingBuffers(): LandingBuffers {
  const free: Buffer[] = []
  return {
    take: () => free.pop() ?? Buffer.allocUnsafeSlow(BUFFER),
    give(buffer) {
      if (free.length < MOST_KEPT) free.push(buffer)
    },
  }
}

export async function openLanding(place: LandingPlace): Promise<Landing> {
  try {
    await place.requireSpace()
    return new FileLanding(place, await open(place.path, 'wx', 0o600))
  } catch (error) {
    place.onEnd()
    throw asDiskFull(error)
  }
}

class FileLanding implements Landing {
  readonly id: string
  readonly #place: LandingPlace
  readonly #file: FileHandle
  #filling: Buffer
  #spare: Buffer
  /** Bytes in `#filling`. */
  #filled = 0
  /** Where `#filling` will go in the file. */
  #flushed = 0
  /** Where `#flushed` was when the free space was last looked at. */
  #looked = 0
  /** The furthest that was ever written: more than the position after a rewind. */
  #reached = 0
  #writing: Promise<void> = Promise.resolve()
  /** Where `#flushed` was when the last early sync began. */
  #synced = 0
  /** The early sync that runs, or the first that failed: a failure is told once only by the system. */
  #syncing: Promise<void> | undefined
  #isOpen = true

  constructor(place: LandingPlace, file: FileHandle) {
    this.id = place.id
    this.#place = place
    this.#file = file
    this.#filling = place.buffers.take()
    this.#spare = place.buffers.take()
  }

  get position(): number {
    return this.#flushed + this.#filled
  }

  async write(chunk: Uint8Array): Promise<void> {
    if (!this.#isOpen) throw new Error('A landing was written to after its end')
    let at = 0
    while (at < chunk.length) {
      const taken = Math.min(chunk.length - at, BUFFER - this.#filled)
      this.#filling.set(chunk.subarray(at, at + taken), this.#filled)
      this.#filled += taken
      at += taken
      if (this.#filled === BUFFER) await this.#flush()
    }
  }

  async rewind(position: number): Promise<void> {
    if (position >= this.#flushed) {
      this.#filled = position - this.#flushed
      return
    }
    await this.#writing
    this.#flushed = position
    this.#filled = 0
  }

  async commit(): Promise<void> {
    await this.#flush()
    await this.#writing
    if (this.#reached > this.position) await this.#file.truncate(this.position)
    await this.#syncing
    await this.#file.sync()
    await this.#end()
    await syncFolder(dirname(this.#place.path))
  }

  async abort(): Promise<void> {
    await this.#writing.catch(() => undefined)
    await this.#syncing?.catch(() => undefined)
    await this.#end().catch(() => undefined)
    await rm(this.#place.path, { force: true })
  }

  /** Begins writing out what is filled, once the write before it is done; throws where that one failed. */
  async #flush(): Promise<void> {
    await this.#writing
    if (this.#flushed >= this.#looked + LOOK_EVERY) {
      this.#looked = this.#flushed
      await this.#place.requireSpace()
    }
    const [full, length, at] = [this.#filling, this.#filled, this.#flushed]
    this.#filling = this.#spare
    this.#spare = full
    this.#filled = 0
    this.#flushed += length
    this.#reached = Math.max(this.#reached, this.#flushed)
    this.#writing = writeFully(this.#file, full.subarray(0, length), at)
    // Its failure is thrown by whoever awaits it next: a write, the commit.
    this.#writing.catch(() => undefined)
    if (this.#syncing === undefined && this.#flushed >= this.#synced + SYNC_EVERY) this.#syncEarly()
  }

  #syncEarly(): void {
    this.#synced = this.#flushed
    this.#syncing = this.#file.datasync().then(() => {
      this.#syncing = undefined
    })
    // Stays in place when it fails, for the commit to throw.
    this.#syncing.catch(() => undefined)
  }

  async #end(): Promise<void> {
    if (!this.#isOpen) return
    this.#isOpen = false
    this.#place.onEnd()
    this.#place.buffers.give(this.#filling)
    this.#place.buffers.give(this.#spare)
    await this.#file.close()
  }
}

async function writeFully(file: FileHandle, bytes: Buffer, position: number): Promise<void> {
  let done = 0
  while (done < bytes.length) {
    const { bytesWritten } = await file
      .write(bytes, done, bytes.length - done, position + done)
      .catch((error: unknown) => {
        throw asDiskFull(error)
      })
    done += bytesWritten
  }
}

async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder)
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}
