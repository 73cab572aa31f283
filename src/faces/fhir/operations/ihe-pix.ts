/** Patient/$ihe-pix: Mobile Patient Identifier Cross-reference Query [ITI-83]. */
import type { Request, Response } from 'express'
import { isNationalSystem } from '../../../domain/identity/national-id.ts'
import { HubError } from '../../../kernel/errors.ts'
import type { CrossReference } from '../../../services/cross-reference.ts'
import { holdsNationalId } from '../../../wire/fhir/national-id-in-query.ts'
import {
  pairsOfParameters,
  pixAnswer,
  pixOutcome,
  pixQuestion,
  type PixFault,
} from '../../../wire/fhir/pix-parameters.ts'
import { contextOf, principalOf } from '../../request-state.ts'
import { contentType, formPairs, queryPairs, resourceBody } from '../request.ts'
import { sendResource } from '../send.ts'
import type { Operation } from './operation.ts'
import { readBody } from './read-body.ts'

export interface IhePixDeps {
  readonly crossReference: CrossReference
  readonly nationalIdInUrl: 'reject' | 'allow'
}

/** PIXm 2:3.83.4.2.2.2 to 2:3.83.4.2.2.4. */
const STATUS: Readonly<Record<PixFault, number>> = {
  'unknown-id': 404,
  'unknown-source-domain': 400,
  'unknown-target-domain': 403,
}

export function ihePixOperation({ crossReference, nationalIdInUrl }: IhePixDeps): Operation {
  return {
    name: 'ihe-pix',
    level: 'type',
    types: ['Patient'],
    methods: ['GET', 'POST'],
    definition: 'https://profiles.ihe.net/ITI/PIXm/OperationDefinition/IHE.PIXm.pix',
    handle: async function ihePix(req, res) {
      const question = pixQuestion(await pairsOf(req, res, nationalIdInUrl))
      const answer = await crossReference(principalOf(req), question, contextOf(req))
      if (answer.kind === 'found') sendResource(req, res, 200, pixAnswer(answer))
      else sendResource(req, res, STATUS[answer.kind], pixOutcome(answer.kind))
    },
  }
}

/** Whatever a parameter is called, it names a person here; the domain of national ids alone names nobody. */
function namesPerson([name, value]: readonly [string, string]): boolean {
  if (name === 'targetSystem' && isNationalSystem(value)) return false
  return holdsNationalId(['identifier', value])
}

type Pairs = readonly (readonly [string, string])[]

async function pairsOf(
  req: Request,
  res: Response,
  nationalIdInUrl: IhePixDeps['nationalIdInUrl'],
): Promise<Pairs> {
  const inUrl = queryPairs(req)
  if (nationalIdInUrl === 'reject' && inUrl.some(namesPerson))
    throw new HubError(
      'invalid',
      'A national id does not belong in a URL: POST Parameters to $ihe-pix',
    )
  if (req.method !== 'POST') return inUrl
  await readBody(req, res)
  const isForm = contentType(req) === 'application/x-www-form-urlencoded'
  const inBody = isForm ? formPairs(req) : pairsOfParameters(resourceBody(req))
  return [...inUrl, ...inBody]
}
