/** Patient/$match: Patient Demographics Match [ITI-119]. */
import { randomUUID } from 'node:crypto'
import type { Clock } from '../../../kernel/clock.ts'
import type { MatchPatient } from '../../../services/match-patient.ts'
import { matchBundle } from '../../../wire/fhir/match-bundle.ts'
import { readMatchRequest } from '../../../wire/fhir/match-request.ts'
import { contextOf, principalOf } from '../../request-state.ts'
import { resourceBody } from '../request.ts'
import { sendResource } from '../send.ts'
import type { Operation } from './operation.ts'
import { readBody } from './read-body.ts'

export interface MatchDeps {
  readonly matchPatient: MatchPatient
  readonly clock: Clock
  /** The FHIR base address. */
  readonly base: string
}

/** By POST alone: what is asked names a person. */
export function matchOperation({ matchPatient, clock, base }: MatchDeps): Operation {
  return {
    name: 'match',
    level: 'type',
    types: ['Patient'],
    methods: ['POST'],
    definition: 'https://profiles.ihe.net/ITI/PDQm/OperationDefinition/PDQmMatch',
    handle: async function match(req, res) {
      await readBody(req, res)
      const request = readMatchRequest(resourceBody(req))
      const matches = await matchPatient(principalOf(req), request, contextOf(req))
      sendResource(req, res, 200, matchBundle({ id: randomUUID(), base, at: clock(), matches }))
    },
  }
}
