/** What part of a study a path names (PS3.18 section 10.1.1). */
import type { Request } from 'express'
import { parseInstanceUid, parseSeriesUid, parseStudyUid } from '../../domain/imaging/uid.ts'
import type { InstanceUid, SeriesUid, StudyUid } from '../../kernel/ids.ts'

export interface Scope {
  readonly study: StudyUid
  readonly series?: SeriesUid | undefined
  readonly instance?: InstanceUid | undefined
}

export interface ScopeParams {
  study: string
  series?: string
  instance?: string
}

/** Throws `invalid` where one is not a UID. */
export function parseScope({ study, series, instance }: ScopeParams): Scope {
  return {
    study: parseStudyUid(study),
    series: series === undefined ? undefined : parseSeriesUid(series),
    instance: instance === undefined ? undefined : parseInstanceUid(instance),
  }
}

/** Of a search: as much as the path names, or nothing. */
export function parseSearchScope({
  study,
  series,
}: Partial<ScopeParams>): Partial<Omit<Scope, 'instance'>> {
  return {
    ...(study !== undefined && { study: parseStudyUid(study) }),
    ...(series !== undefined && { series: parseSeriesUid(series) }),
  }
}

/** Of the service: `https://hub.example/dicom-web`. */
export function serviceUrl(req: Request<object>, publicUrl: string): string {
  return publicUrl + req.baseUrl
}

export function resourceUrl(service: string, { study, series, instance }: Scope): string {
  const parents = series === undefined ? '' : `/series/${series}`
  return `${service}/studies/${study}${parents}${instance === undefined ? '' : `/instances/${instance}`}`
}

/** What the caller takes: the query parameter goes before the header (PS3.18 section 8.3.3.1). */
export function acceptOf(req: Request<object>): string | undefined {
  const { accept } = req.query
  return typeof accept === 'string' ? accept : req.get('accept')
}
