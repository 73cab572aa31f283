/** `$validate` (R4 resource-operation-validate): every fault and warning at once, of a body or of what is stored. */
import type { Request } from 'express'
import { HubError } from '../../../kernel/errors.ts'
import type { ReadResource } from '../../../services/read-resource.ts'
import type { ReportIssues } from '../../../services/validate-resource.ts'
import type { JsonObject } from '../../../wire/fhir/json.ts'
import { RESOURCE_TYPES } from '../../../wire/fhir/resource-types-table.ts'
import type { Issue } from '../../../wire/fhir/validation/issues.ts'
import { validationOutcome } from '../../../wire/fhir/validation/validation-outcome.ts'
import { contextOf, principalOf } from '../../request-state.ts'
import { readStored } from '../format.ts'
import { sendResource } from '../send.ts'
import type { Operation } from './operation.ts'
import { validateInput, type ValidateInput } from './validate-parameters.ts'

export interface ValidateDeps {
  readonly reportIssues: ReportIssues
  readonly readResource: ReadResource
  readonly knowsProfile: (canonical: string) => boolean
}

/** On every type of R4, whether or not the hub keeps it. */
export function validateOperations(deps: ValidateDeps): readonly Operation[] {
  const levels = ['type', 'instance'] as const
  return levels.map((level) => ({
    name: 'validate',
    level,
    types: RESOURCE_TYPES,
    methods: level === 'type' ? ['POST'] : ['GET', 'POST'],
    definition: 'http://hl7.org/fhir/OperationDefinition/Resource-validate',
    handle: handler(deps),
  }))
}

function handler(deps: ValidateDeps): Operation['handle'] {
  return async function validate(req, res) {
    const input = await validateInput(req, res)
    const { type, id } = placeOf(req)
    requireMode(input.mode, id)
    const resource = input.resource ?? (await stored(deps, req))
    if (resource.resourceType !== type) {
      throw new HubError('invalid', `Ask at the type that the resource has, not at ${type}`)
    }
    const issues = [
      ...unknownProfiles(deps, input, type),
      ...otherId(resource, id),
      ...(await deps.reportIssues(resource, input.profiles)),
    ]
    sendResource(req, res, 200, validationOutcome(issues))
  }
}

function placeOf({ params }: Request): { readonly type: string; readonly id: string | undefined } {
  const { type, id } = params
  return { type: String(type), id: typeof id === 'string' ? id : undefined }
}

/** A deletion is judged when it is asked for: it depends on who asks. */
function requireMode(mode: string | undefined, id: string | undefined): void {
  if (mode === undefined || mode === 'create' || mode === 'profile') return
  if (mode === 'update' && id !== undefined) return
  throw new HubError(
    'invalid',
    'The mode is create or profile, or update where the resource is named by its id',
  )
}

/** What the caller may read, validated as it is; reading it is audited as any reading. */
async function stored(deps: ValidateDeps, req: Request): Promise<JsonObject> {
  const { type, id } = placeOf(req)
  if (id === undefined) throw new HubError('invalid', 'Send the resource that is to be validated')
  const found = await deps.readResource(principalOf(req), { type, id }, contextOf(req))
  return readStored(found.content)
}

function unknownProfiles(
  { knowsProfile }: ValidateDeps,
  { profiles }: ValidateInput,
  location: string,
): readonly Issue[] {
  const text = 'The profile that was asked for is not known here: it was not validated against'
  return profiles
    .filter((profile) => !knowsProfile(profile))
    .map(() => ({ severity: 'error', code: 'not-supported', location, text }))
}

function otherId(resource: JsonObject, id: string | undefined): readonly Issue[] {
  if (id === undefined || resource.id === id) return []
  const location = `${String(resource.resourceType)}.id`
  return [{ severity: 'error', code: 'value', location, text: 'Not the id in the address' }]
}
