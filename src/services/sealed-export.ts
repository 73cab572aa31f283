/** What an export was asked, sealed: its filters may name persons, and its address as well. */
import type { Sealer } from '../kernel/seal.ts'
import type { ExportQuestion } from '../wire/fhir/export-request.ts'

export type ExportLevel = 'system' | 'patient' | 'group'

export interface ExportScope {
  readonly level: ExportLevel
  /** Id of the Group at its level. */
  readonly group?: string | undefined
}

/** The address that asked, as the manifest repeats it, and what was asked there. */
export interface AskedExport extends ExportScope, Omit<ExportQuestion, 'types' | 'ignored'> {
  readonly url: string
}

type SealedExport = Omit<AskedExport, 'since'> & { readonly since?: string }

export function sealExport(sealer: Sealer, id: string, asked: AskedExport): Buffer {
  return sealer.seal(JSON.stringify(asked), contextOf(id))
}

export function openExport(sealer: Sealer, id: string, sealed: Uint8Array): AskedExport {
  // Sealed by this hub and authenticated by the seal: no outsider's text.
  const { since, ...asked } = JSON.parse(sealer.open(sealed, contextOf(id))) as SealedExport
  return { ...asked, since: since === undefined ? undefined : new Date(since) }
}

/** Binds what was asked to its export. */
function contextOf(id: string): string {
  return `export/${id}`
}
