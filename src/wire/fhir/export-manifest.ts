/** The answer to a finished export (Bulk Data Access 2.0, "Response - Complete Status"), and lines of its files. */
import type { JsonObject } from './json.ts'

export interface ManifestFile {
  readonly kind: 'output' | 'deleted'
  readonly type: string
  readonly url: string
  readonly resources: number
}

export interface Manifest {
  readonly at: Date
  /** The address that asked, without what a body said. */
  readonly request: string
  readonly files: readonly ManifestFile[]
}

export function exportManifest({ at, request, files }: Manifest): JsonObject {
  return {
    transactionTime: at.toISOString(),
    request,
    requiresAccessToken: true,
    output: files
      .filter(({ kind }) => kind === 'output')
      .map(({ type, url, resources: count }) => ({ type, url, count })),
    deleted: files
      .filter(({ kind }) => kind === 'deleted')
      .map(({ url, resources: count }) => ({ type: 'Bundle', url, count })),
    error: [],
  }
}

/** One line of a file of deletions: a transaction that does the same at whoever reads it. */
export function deletionLine(reference: string, deletedAt: Date): string {
  const bundle = {
    resourceType: 'Bundle',
    meta: { lastUpdated: deletedAt.toISOString() },
    type: 'transaction',
    entry: [{ request: { method: 'DELETE', url: reference } }],
  }
  return `${JSON.stringify(bundle)}\n`
}
