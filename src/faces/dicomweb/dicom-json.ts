/** The one form in which searches and metadata are offered: DICOM JSON (PS3.18 section 8.7.3.2). */
import type { Request } from 'express'
import { HubError } from '../../kernel/errors.ts'
import { parseAccept } from '../../wire/media-type.ts'
import { acceptOf } from './scope.ts'

const ADMITTED = new Set(['application/dicom+json', 'application/json', 'application/*', '*/*'])

/** No header admits everything. Throws `not-acceptable`. */
export function requireDicomJson(req: Request<object>): void {
  if (parseAccept(acceptOf(req) ?? '*/*').some(({ type }) => ADMITTED.has(type))) return
  throw new HubError('not-acceptable', 'The answer is offered as application/dicom+json')
}
