/** `$export` of the system, of all Patients and of a Group's (Bulk Data Access 2.0, "Bulk Data Kick-off Request"). */
import type { Request, Response } from 'express'
import { HubError } from '../../../kernel/errors.ts'
import { exportedTypes, type ExportLevel } from '../../../services/export-types.ts'
import type { StartExport } from '../../../services/start-export.ts'
import {
  innerPairs,
  maskExport,
  readExportRequest,
  type ExportQuestion,
} from '../../../wire/fhir/export-request.ts'
import { holdsNationalId } from '../../../wire/fhir/national-id-in-query.ts'
import { ignoredOutcome, informationOutcome } from '../../../wire/fhir/outcome.ts'
import { parameterPairs } from '../../../wire/fhir/parameter-pairs.ts'
import type { QueryPair } from '../../../wire/fhir/search.ts'
import { contextOf, principalOf } from '../../request-state.ts'
import { preferenceOf, queryPairs, resourceBody } from '../request.ts'
import { sendResource } from '../send.ts'
import type { UrlDeps } from '../url-pairs.ts'
import type { Operation } from './operation.ts'
import { readBody } from './read-body.ts'

export interface ExportDeps extends UrlDeps {
  readonly startExport: StartExport
  /** The FHIR base address. */
  readonly base: string
}

const GUIDE = 'http://hl7.org/fhir/uv/bulkdata/OperationDefinition'

export function exportOperations(deps: ExportDeps): readonly Operation[] {
  const shared = { name: 'export', methods: ['GET', 'POST'] } as const
  return [
    {
      ...{ ...shared, level: 'system', definition: `${GUIDE}/export` },
      handle: kickOff(deps, 'system'),
    },
    {
      ...{ ...shared, level: 'type', types: ['Patient'], definition: `${GUIDE}/patient-export` },
      handle: kickOff(deps, 'patient'),
    },
    {
      ...{ ...shared, level: 'instance', types: ['Group'], definition: `${GUIDE}/group-export` },
      handle: kickOff(deps, 'group'),
    },
  ]
}

function kickOff(deps: ExportDeps, level: ExportLevel): Operation['handle'] {
  return async function kickOff(req, res) {
    const pairs = await pairsOf(deps, req, res)
    requireAsync(req)
    const question = questionOf(deps, { req, level, pairs })
    const group = level === 'group' ? String(req.params.id) : undefined
    const request = {
      ...{ level, group, question },
      url: deps.base + req.originalUrl.slice(req.baseUrl.length),
      query: `${req.path.slice(1)}?${maskExport(pairs)}`,
    }
    const id = await deps.startExport(principalOf(req), request, contextOf(req))
    const outcome =
      question.ignored.length === 0
        ? informationOutcome('The export has begun: ask at the Content-Location how it stands')
        : ignoredOutcome(question.ignored)
    sendResource(req, res, 202, outcome, { 'Content-Location': `${deps.base}/export/${id}` })
  }
}

/** What names a person is sent in a body, never in a URL that others write down. */
async function pairsOf(
  { nationalIdInUrl }: ExportDeps,
  req: Request,
  res: Response,
): Promise<readonly QueryPair[]> {
  const inUrl = queryPairs(req)
  if (nationalIdInUrl === 'reject' && innerPairs(inUrl).some(holdsNationalId))
    throw new HubError('invalid', 'A national id does not belong in a URL: POST Parameters')
  if (req.method !== 'POST') return inUrl
  await readBody(req, res)
  const isEmpty = !Buffer.isBuffer(req.body) || req.body.length === 0
  return isEmpty ? inUrl : [...inUrl, ...parameterPairs(resourceBody(req))]
}

/** R4 asynchronous requests (section 3.1.6): there is no other way to have an export. */
function requireAsync(req: Request): void {
  const preferences = (req.get('prefer') ?? '').split(/[,;]/)
  if (preferences.some((one) => one.trim().toLowerCase() === 'respond-async')) return
  throw new HubError('invalid', 'An export takes its time: send Prefer: respond-async')
}

interface Asking {
  readonly req: Request
  readonly level: ExportLevel
  readonly pairs: readonly QueryPair[]
}

function questionOf({ base }: ExportDeps, { req, level, pairs }: Asking): ExportQuestion {
  const exported = new Set(exportedTypes(level))
  return readExportRequest({
    ...{ pairs, base },
    // The guide refuses what is not known, unless the client says otherwise.
    lenient: preferenceOf(req, 'handling') === 'lenient',
    takesPatients: level !== 'system' && req.method === 'POST',
    isExported: (type) => exported.has(type),
  })
}
