/** Every text of a data set in the DICOM JSON model, held to what its VR allows. */
import type { DicomJson } from '../../domain/imaging/study.ts'
import { isProperText } from './text-characters.ts'
import { unreadable } from './unreadable.ts'

/** Throws `unprocessable`, reason `malformed-text`; and `malformed` where values are not in a list. */
export function requireProperTexts(dataset: DicomJson): void {
  for (const { vr, Value } of Object.values(dataset)) {
    if (Value === undefined) continue
    if (!Array.isArray(Value)) throw unreadable('malformed', 'the values of an element are no list')
    for (const value of Value) requireProper(vr, value)
  }
}

function requireProper(vr: string, value: unknown): void {
  if (typeof value === 'string') {
    if (!isProperText(vr, value))
      throw unreadable('malformed-text', `a text (${vr}) holds control characters`)
  } else if (isRecord(value)) requireWithin(vr, value)
}

/** A sequence's item, or the groups of a person name. */
function requireWithin(vr: string, value: Readonly<Record<string, unknown>>): void {
  for (const within of Object.values(value)) {
    if (isRecord(within) && typeof within.vr === 'string')
      requireProperTexts({ element: { ...within, vr: within.vr } })
    else requireProper(vr, within)
  }
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
