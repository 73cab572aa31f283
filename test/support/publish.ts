/** Publishing in tests: the service over a real database and a real folder, with whoever asks let in. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Pool } from 'pg'
import type { Principal } from '../../src/domain/access/principal.ts'
import type { AuditRecord } from '../../src/domain/audit/event.ts'
import type { ClientId } from '../../src/kernel/ids.ts'
import {
  makePublishInstances,
  type PublishInstances,
  type PublishInstancesDeps,
} from '../../src/services/publish-instances.ts'
import { makeFileObjects } from '../../src/storage/file-objects.ts'
import type { ObjectStore } from '../../src/storage/objects.ts'
import { makeMultipartWriter } from '../../src/wire/multipart/write-multipart.ts'
import type { Scope } from './database.ts'
import { silentLog } from './log.ts'
import { custodian, registerStudy } from './register.ts'

export const BOUNDARY = 'samsyn-test-boundary'

export interface TestPublishing {
  readonly publish: PublishInstances
  readonly objects: ObjectStore
  readonly folder: string
  readonly audited: readonly AuditRecord[]
}

export async function makePublishing(
  scope: Scope,
  pool: Pool,
  overrides: Partial<PublishInstancesDeps> = {},
): Promise<TestPublishing> {
  const folder = await mkdtemp(join(tmpdir(), 'samsyn-publish-'))
  const objects = await makeFileObjects(folder, { clock: () => new Date() })
  scope.after(async () => {
    await objects.close()
    await rm(folder, { recursive: true })
  })
  const audited: AuditRecord[] = []
  const publish = makePublishInstances({
    pool,
    objects,
    registerStudy,
    authorize: async (principal, action) => ({
      principal,
      action,
      filter: { kind: 'custodian', in: [principal.member] },
    }),
    recordAudit: async (record) => void audited.push(record),
    clock: () => new Date(),
    defaults: { characterSet: 'ISO_IR 100' },
    log: silentLog,
    ...overrides,
  })
  return { publish, objects, folder, audited }
}

export function publisher(member: string): Principal {
  return {
    client: `${member}-pacs` as ClientId,
    member: custodian(member),
    actions: new Set(['publish']),
    tokenId: 'token',
  }
}

export async function* partsOf(
  objects: readonly Uint8Array[],
  chunk = 65_536,
): AsyncGenerator<{ body: AsyncIterable<Uint8Array> }, void, undefined> {
  for (const object of objects) yield { body: chunks(object, chunk) }
}

async function* chunks(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}

export function multipartOf(objects: readonly Uint8Array[]): Buffer<ArrayBuffer> {
  const writer = makeMultipartWriter(BOUNDARY)
  const pieces = objects.flatMap((object) => [
    writer.head({ contentType: 'application/dicom', length: object.length }),
    object,
  ])
  return Buffer.concat([...pieces, writer.close()])
}
