/** An export's rows as files: each becomes durable as a whole, and with it the place behind its last row. */
import type { ExportedRow } from '../storage/export-rows.ts'
import type { ExportFile, ExportPlace } from '../storage/exports.ts'
import type { Landing, ObjectStore } from '../storage/objects.ts'
import { deletionLine } from '../wire/fhir/export-manifest.ts'
import { ndjsonLine } from '../wire/fhir/ndjson.ts'
import type { ExportStep } from './export-steps.ts'

export interface WritingFiles {
  readonly objects: ObjectStore
  /** A file is ended once it has as many bytes. */
  readonly fileBytes: number
  /** The text of a resource as it is exported. */
  readonly cut: (content: string) => string
  readonly keep: (file: Omit<ExportFile, 'number'>, place: ExportPlace) => Promise<void>
}

/** `place` is where the rows begin. A file that is not whole when this throws is removed. */
export async function writeStep(
  writing: WritingFiles,
  step: ExportStep & { readonly place: ExportPlace },
  batches: AsyncIterable<readonly ExportedRow[]>,
): Promise<void> {
  const { objects, fileBytes, keep } = writing
  let open: { readonly landing: Landing; resources: number } | undefined
  let { after } = step.place

  async function end(): Promise<void> {
    if (open === undefined) return
    const { landing, resources } = open
    await landing.commit()
    const { kind, type } = step
    const file = { kind, type, landing: landing.id, bytes: landing.position, resources }
    await keep(file, { step: step.place.step, after })
    open = undefined
  }

  try {
    for await (const rows of batches) {
      open ??= { landing: await objects.createLanding(), resources: 0 }
      await writeRows(writing, { step, rows }, open.landing)
      open.resources += rows.length
      const last = rows.at(-1)
      if (last !== undefined) after = { at: last.lastUpdated, id: last.id }
      if (open.landing.position >= fileBytes) await end()
    }
    await end()
  } catch (error) {
    await open?.landing.abort()
    throw error
  }
}

/** What is small goes out together, what is large by itself. */
async function writeRows(
  writing: WritingFiles,
  { step, rows }: { readonly step: ExportStep; readonly rows: readonly ExportedRow[] },
  landing: Landing,
): Promise<void> {
  const lines: string[] = []
  for (const row of rows) {
    if (row.read === undefined) {
      lines.push(lineOf(writing, step, row))
      continue
    }
    await landing.write(Buffer.from(lines.splice(0).join('')))
    await landing.write(Buffer.from(ndjsonLine(writing.cut(await row.read()))))
  }
  await landing.write(Buffer.from(lines.join('')))
}

function lineOf(
  { cut }: WritingFiles,
  { type, kind }: ExportStep,
  { id, lastUpdated, content }: ExportedRow,
): string {
  if (kind === 'deleted') return deletionLine(`${type}/${id}`, lastUpdated)
  return ndjsonLine(cut(content ?? ''))
}
