/** One file of an export, handed out as long as access lasts: an event before its first byte. */
import { NO_FACTS } from '../domain/access/filter.ts'
import type { Principal } from '../domain/access/principal.ts'
import { HubError } from '../kernel/errors.ts'
import type { PatientId } from '../kernel/ids.ts'
import type { Db } from '../storage/db.ts'
import { listExportFiles, type ExportFile } from '../storage/exports.ts'
import type { ObjectStore } from '../storage/objects.ts'
import { accessRecord } from './access-record.ts'
import type { Access } from './authorize.ts'
import { findOwnExport } from './find-own-export.ts'
import type { WatchAccess } from './open-disclosure.ts'
import { permit, type PermitDeps } from './permit.ts'
import type { RequestContext } from './record-audit.ts'
import { servedType } from './served-types-table.ts'

export interface FileRequest {
  readonly id: string
  readonly number: number
}

export interface ExportFileBytes {
  /** Tells the file from every other; it never changes. */
  readonly tag: string
  readonly bytes: number
  /** Logs that these bytes are handed out, then hands them out. `end` is exclusive. Rejects when access ends. */
  read(start: number, end: number): AsyncGenerator<Buffer, void, undefined>
}

/**
 * Throws `not-found` for a file that is not the caller's own, and what the decision throws for `export` and for
 * the type of what is in it.
 */
export type OpenExportFile = (
  principal: Principal,
  request: FileRequest,
  context: RequestContext,
) => Promise<ExportFileBytes>

export interface OpenExportFileDeps extends PermitDeps {
  readonly db: Db
  readonly objects: Pick<ObjectStore, 'read'>
  readonly watch: WatchAccess
}

const CHUNK = 256 * 1024

export function makeOpenExportFile(deps: OpenExportFileDeps): OpenExportFile {
  return async (principal, { id, number }, context) => {
    const query = 'export'
    const access = await permit(deps, { principal, action: 'export', query }, context)
    const { state } = await findOwnExport(deps, principal, id)
    const files = state === 'done' ? await listExportFiles(deps.db, id) : []
    const file = files.find((one) => one.number === number)
    const action = file && servedType(file.type)?.sees
    if (file === undefined || action === undefined) throw new HubError('not-found', 'No such file')
    // A narrower token of the same client opens no more than its own search would show.
    await permit(deps, { principal, action, query }, context)
    return {
      tag: file.landing,
      bytes: file.bytes,
      async *read(start, end) {
        await audit(deps, access, { id, file, context })
        yield* readBytes(deps, { file, access }, { start, end })
      },
    }
  }
}

interface Range {
  readonly start: number
  readonly end: number
}

async function* readBytes(
  { objects, watch }: OpenExportFileDeps,
  { file, access }: { readonly file: ExportFile; readonly access: Access },
  { start, end }: Range,
): AsyncGenerator<Buffer, void, undefined> {
  const { signal, close } = watch(access, factsOf(access))
  try {
    for (let at = start; at < end; at += CHUNK) {
      signal.throwIfAborted()
      const buffer = Buffer.allocUnsafe(Math.min(CHUNK, end - at))
      const length = await objects.read(file.landing, at, buffer.length, buffer)
      if (length < buffer.length)
        throw new HubError('unavailable', 'A file of an export is cut short')
      yield buffer
    }
  } finally {
    close()
  }
}

/** What the decision on `export` is asked about: material of the caller's own member. */
function factsOf({ principal, grant }: Access): Parameters<WatchAccess>[1] {
  const patient: PatientId | null = grant?.patient ?? null
  return { ...NO_FACTS, custodian: principal.member, patient }
}

interface Handing {
  readonly id: string
  readonly file: ExportFile
  readonly context: RequestContext
}

async function audit(
  { recordAudit, clock }: OpenExportFileDeps,
  access: Access,
  { id, file, context }: Handing,
): Promise<void> {
  const query = `export/${id}/${file.number}: ${file.resources} ${file.type}`
  const entities = [{ kind: 'query', query }] as const
  const act = { act: 'export', at: clock(), outcome: '0', entities } as const
  await recordAudit(accessRecord(access, act, context))
}
