/** The rows of an export, type by type, under the decision of the moment they are read in. */
import type { Pool } from 'pg'
import { openExportReader, type ExportedRow, type ExportReader } from '../storage/export-rows.ts'
import type { ExportPlace } from '../storage/exports.ts'
import type { Visibility } from '../storage/visibility-sql.ts'
import type { Condition } from '../wire/fhir/search.ts'

/** A type's resources, or what was deleted of it. */
export interface ExportStep {
  readonly kind: 'output' | 'deleted'
  readonly type: string
  readonly conditions: readonly Condition[]
}

export interface StepReading {
  readonly pool: Pool
  readonly at: Date
  readonly since: Date | undefined
  /** Throws where access has ended. */
  readonly look: () => Promise<Visibility>
  /** How long one state of the database is held, in milliseconds: what is deleted meanwhile stays on the disk. */
  readonly holdMs: number
  /** Milliseconds that only go up. */
  readonly now: () => number
}

/** In order, from behind `after` on. */
export async function* readStep(
  reading: StepReading,
  { type, kind, conditions }: ExportStep,
  after: ExportPlace['after'],
): AsyncGenerator<readonly ExportedRow[], void, undefined> {
  const { pool, at, since, look, holdMs, now } = reading
  let place = after
  let visibility = await look()
  let opened = now()
  let reader = await open()
  try {
    for (;;) {
      const rows = await reader.next()
      const seen = await look()
      const last = rows.at(-1)
      // Rows that were read under another decision are read again.
      const holds = isSame(seen, visibility)
      if (holds && last === undefined) return
      if (holds && last !== undefined) {
        yield rows
        place = { at: last.lastUpdated, id: last.id }
      }
      if (holds && now() - opened < holdMs) continue
      visibility = seen
      reader = await reopen(reader)
    }
  } finally {
    await reader.close()
  }

  function open(): Promise<ExportReader> {
    return openExportReader(pool, { type, kind, conditions, visibility, at, since, after: place })
  }

  async function reopen(old: ExportReader): Promise<ExportReader> {
    await old.close()
    opened = now()
    return open()
  }
}

/** Decisions are made anew each time; what they let through is mostly the same. */
function isSame(one: Visibility, other: Visibility): boolean {
  return one === other || JSON.stringify([...one]) === JSON.stringify([...other])
}
