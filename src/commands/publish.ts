/** `samsyn publish <dir|files…>`: deposits DICOM objects in the hub by STOW-RS. */
import { createReadStream } from 'node:fs'
import { Command } from 'commander'
import { HubError } from '../kernel/errors.ts'
import type { HubClient } from '../sources/hub.ts'
import type { StoreFailure } from '../sources/store-result.ts'
import { findObjects, type FoundObject, type SkippedFile } from './find-objects.ts'
import type { Caller, HubAccess } from './hub-access.ts'
import { printJson } from './print.ts'
import { makeProgressBar } from './progress-bar.ts'

interface PublishOptions {
  readonly client?: string
  readonly key?: string
  readonly hub?: string
  readonly token?: string
  readonly json?: true
}

interface RefusedObject {
  readonly file: string
  readonly instance: string
  readonly reason: string
}

interface PublishReport {
  readonly stored: number
  readonly bytes: number
  readonly seconds: number
  readonly skipped: readonly SkippedFile[]
  readonly failed: readonly RefusedObject[]
}

/** What one request carries: large enough to be quick, small enough to be sent again. */
const BATCH_BYTES = 256 * 1024 * 1024
const BATCH_OBJECTS = 500

export function publishCommand(access: HubAccess): Command {
  return new Command('publish')
    .description('Deposit DICOM objects in the hub: every one found in the files and folders')
    .argument('<paths...>', 'files, or folders with all that is in them')
    .option('--client <id>', 'the publishing client')
    .option('--key <file>', 'its private key as client add prints it; without: the demo’s')
    .option('--hub <url>', 'public address of the hub (default: SAMSYN_BASE_URL)')
    .option('--token <token>', 'access token to use instead of a client’s')
    .option('--json', 'print JSON')
    .action(async (paths: readonly string[], options: PublishOptions) => {
      const { objects, skipped } = await lookFor(paths)
      const hub = await access.openHub(callerOf(options), options.hub)
      const report = await publish(hub, objects, skipped).finally(() => hub.close())
      if (options.json) printJson(report)
      else printReport(report)
      if (report.failed.length > 0)
        throw new HubError('conflict', `${report.failed.length} objects were not accepted`)
    })
}

function callerOf({ client, key, token }: PublishOptions): Caller {
  if (token !== undefined) return { kind: 'token', token }
  return key === undefined ? { kind: 'client', id: client } : { kind: 'key', file: key, id: client }
}

async function lookFor(paths: readonly string[]): Promise<{
  readonly objects: readonly FoundObject[]
  readonly skipped: readonly SkippedFile[]
}> {
  const objects: FoundObject[] = []
  const skipped: SkippedFile[] = []
  for await (const found of findObjects(paths)) {
    if ('instanceUid' in found) objects.push(found)
    else skipped.push(found)
  }
  for (const { file, reason } of skipped) console.error(`skipped ${file}: it ${reason}`)
  if (objects.length === 0) throw new HubError('not-found', 'There is no DICOM file here')
  return { objects, skipped }
}

async function publish(
  hub: HubClient,
  objects: readonly FoundObject[],
  skipped: readonly SkippedFile[],
): Promise<PublishReport> {
  const start = performance.now()
  const bytes = objects.reduce((sum, object) => sum + object.bytes, 0)
  const bar = makeProgressBar('MB', process.stderr)
  const failed: RefusedObject[] = []
  let sent = 0
  try {
    for (const batch of batchesOf(objects)) {
      const onBytes = (count: number): void => {
        sent += count
        bar.show(megabytes(sent), megabytes(bytes))
      }
      const result = await hub.storeInstances(batch.map(toStore), onBytes)
      failed.push(...refusedOf(batch, new Set(result.stored), result.failures))
    }
  } finally {
    bar.end()
  }
  const seconds = (performance.now() - start) / 1000
  return { stored: objects.length - failed.length, bytes, seconds, skipped, failed }
}

function* batchesOf(objects: readonly FoundObject[]): Generator<readonly FoundObject[]> {
  let batch: FoundObject[] = []
  let bytes = 0
  for (const object of objects) {
    const isFull = batch.length === BATCH_OBJECTS || bytes + object.bytes > BATCH_BYTES
    if (isFull && batch.length > 0) {
      yield batch
      batch = []
      bytes = 0
    }
    batch.push(object)
    bytes += object.bytes
  }
  if (batch.length > 0) yield batch
}

function toStore({ file, bytes }: FoundObject): {
  readonly length: number
  readonly open: () => AsyncIterable<Uint8Array>
} {
  return {
    length: bytes,
    // No more than its length, should the file grow while it is sent.
    open: () => createReadStream(file, { end: Math.max(0, bytes - 1) }),
  }
}

/** An object that the hub does not say it has stored is not published. */
function refusedOf(
  batch: readonly FoundObject[],
  stored: ReadonlySet<string>,
  failures: readonly StoreFailure[],
): readonly RefusedObject[] {
  const unread = failures.find(({ instance }) => instance === undefined)
  return batch
    .filter(({ instanceUid }) => !stored.has(instanceUid))
    .map(({ file, instanceUid }) => {
      const told = failures.find(({ instance }) => instance === instanceUid) ?? unread
      return { file, instance: instanceUid, reason: reasonText(told?.reason) }
    })
}

/** (0008,1197) Failure Reason: PS3.7 annex C, PS3.4 annex B.2.3 and PS3.18 annex I.2.2. */
const REASONS: Readonly<Record<number, string>> = {
  0x0110: 'the hub could not process it',
  0x0111: 'the hub has another object with this UID',
  0x0122: 'its SOP class is not accepted',
  0x0124: 'it is not yours to publish',
  0x0131: 'its transfer syntax is not accepted',
}

function reasonText(reason: number | undefined): string {
  if (reason === undefined) return 'the hub did not say that it was stored'
  const known = REASONS[reason]
  if (known !== undefined) return known
  if (reason >= 0xa700 && reason < 0xa800) return 'the hub has no room for it'
  if (reason >= 0xa900 && reason < 0xaa00) return 'its data set does not match its SOP class'
  if (reason >= 0xc000) return 'the hub cannot read it'
  return `failure reason ${reason.toString(16).toUpperCase().padStart(4, '0')}`
}

function printReport({ stored, bytes, seconds, skipped, failed }: PublishReport): void {
  for (const { file, reason } of failed) console.error(`refused ${file}: ${reason}`)
  const size = `${megabytes(bytes)} MB in ${seconds.toFixed(1)} s`
  console.log(
    `${stored} objects published (${size}), ${failed.length} refused, ${skipped.length} skipped`,
  )
}

function megabytes(bytes: number): number {
  return Math.ceil(bytes / 1e6)
}
