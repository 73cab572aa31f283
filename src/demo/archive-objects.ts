/** The objects of a demo archive: Part 10 files in a folder, written once, and what their headers say. */
import { mkdir, rename, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import type { DicomJson } from '../domain/imaging/study.ts'
import { writePart10 } from '../wire/dicom/write-part10.ts'
import { makeStudy } from './phantoms/make-study.ts'
import type { PhantomInstance, PhantomStudy } from './phantoms/phantom-study.ts'

export interface ArchivedObject {
  readonly study: string
  readonly series: string
  readonly instance: string
  readonly file: string
  readonly attributes: DicomJson
}

/** Explicit VR Little Endian. */
export const TRANSFER_SYNTAX = '1.2.840.10008.1.2.1'

/** Generates what is not there yet: a second start finds its files and paints nothing. */
export async function fillArchive(
  directory: string,
  studies: readonly PhantomStudy[],
): Promise<readonly ArchivedObject[]> {
  await mkdir(directory, { recursive: true })
  const objects: ArchivedObject[] = []
  for (const study of studies)
    for (const instance of makeStudy(study)) {
      const file = join(directory, `${instance.uid}.dcm`)
      if (!(await exists(file))) await writeObject(file, instance)
      objects.push({
        study: study.uid,
        series: uidOf(instance.attributes, '0020000E'),
        instance: instance.uid,
        file,
        attributes: instance.attributes,
      })
      // Painting is long work: others on this thread have their turn between two pictures.
      await setImmediate()
    }
  return objects
}

/** Renamed into place, so that a start cut short leaves no half object behind. */
async function writeObject(file: string, instance: PhantomInstance): Promise<void> {
  const temporary = `${file}.part`
  const vr = instance.attributes['00280100']?.Value?.[0] === 8 ? 'OB' : 'OW'
  const pixelData = { vr, bytes: instance.pixels() } as const
  await writeFile(temporary, writePart10({ attributes: instance.attributes, pixelData }))
  await rename(temporary, file)
}

async function exists(file: string): Promise<boolean> {
  return (await stat(file).catch(() => undefined)) !== undefined
}

function uidOf(attributes: DicomJson, tag: string): string {
  const value = attributes[tag]?.Value?.[0]
  return typeof value === 'string' ? value : ''
}
