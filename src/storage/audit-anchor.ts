/**
 * Where the audit log's checkpoints go: an append-only file outside the database (SAMSYN_AUDIT_ANCHOR),
 * one JSON line each, on disk when `append` resolves. Several processes may share it: they take turns
 * under the lock of `withAnchorLock`, and each looks again at what the others have written.
 */
import { open, type FileHandle } from 'node:fs/promises'
import path from 'node:path'
import { HubError } from '../kernel/errors.ts'
import {
  checkpointLine,
  lineDigest,
  parseCheckpoint,
  type Checkpoint,
} from '../wire/audit/checkpoint.ts'

export interface AnchoredCheckpoint {
  readonly checkpoint: Checkpoint
  /** `lineDigest` of its line: what the next one names as `previous`. */
  readonly digest: string
}

export interface AuditAnchor {
  /** The newest whole checkpoint in the file. */
  last(): Promise<AnchoredCheckpoint | undefined>
  /** Throws `conflict` where the checkpoint does not follow the newest one: the file never goes backwards. */
  append(checkpoint: Checkpoint): Promise<void>
  close(): Promise<void>
}

/** Longer than any line: where a search for the newest one begins. */
const TAIL = 16_384

export async function openAuditAnchor(file: string): Promise<AuditAnchor> {
  const handle = await open(file, 'a+', 0o600)
  await syncFolder(path.dirname(file))
  return {
    last: () => readLast(handle),
    append: (checkpoint) => appendTo(handle, checkpoint),
    close: () => handle.close(),
  }
}

async function appendTo(handle: FileHandle, checkpoint: Checkpoint): Promise<void> {
  const last = await readLast(handle)
  const backwards = last !== undefined && checkpoint.size < last.checkpoint.size
  if (backwards || checkpoint.previous !== (last?.digest ?? null)) {
    throw new HubError('conflict', 'The audit anchor does not take a checkpoint out of order')
  }
  // A line torn by a crash stays as it is (the file may be append-only to us): begin below it.
  const lead = (await endsWithNewline(handle)) ? '' : '\n'
  await handle.appendFile(`${lead}${checkpointLine(checkpoint)}\n`)
  await handle.datasync()
}

async function readLast(handle: FileHandle): Promise<AnchoredCheckpoint | undefined> {
  const text = await readTail(handle, TAIL)
  for (const line of text.split('\n').reverse()) {
    const checkpoint = parseCheckpoint(line)
    if (checkpoint !== undefined) return { checkpoint, digest: lineDigest(line) }
  }
  return undefined
}

async function endsWithNewline(handle: FileHandle): Promise<boolean> {
  const tail = await readTail(handle, 1)
  return tail === '' || tail === '\n'
}

async function readTail(handle: FileHandle, length: number): Promise<string> {
  const { size } = await handle.stat()
  const start = Math.max(0, size - length)
  const buffer = Buffer.alloc(size - start)
  const { bytesRead } = await handle.read(buffer, 0, buffer.length, start)
  return buffer.toString('utf8', 0, bytesRead)
}

/** A file is there after a crash only when its folder's entry is on disk too. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

/** Every line of the file in order, also what is no checkpoint. Throws `not-found` where it cannot be read. */
export async function* readAnchorLines(file: string): AsyncGenerator<string> {
  const handle = await open(file, 'r').catch((cause: unknown) => {
    throw new HubError('not-found', `The anchor file ${file} cannot be read`, { cause })
  })
  try {
    for await (const line of handle.readLines()) if (line !== '') yield line
  } finally {
    await handle.close()
  }
}
