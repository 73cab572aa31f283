/** The patient's part of a study's attributes: group 0010 (PS3.6), who it is and how old. */
import type { DicomJson } from '../../domain/imaging/study.ts'

const isOfPatient = (tag: string): boolean => tag.startsWith('0010')

export function patientAttributes(attributes: DicomJson): DicomJson {
  return Object.fromEntries(Object.entries(attributes).filter(([tag]) => isOfPatient(tag)))
}

export function withoutPatient(attributes: DicomJson): DicomJson {
  return Object.fromEntries(Object.entries(attributes).filter(([tag]) => !isOfPatient(tag)))
}
