/** When a decision would be another one though nothing but time has changed. */
import type { Provision } from './consent.ts'
import type { AccessFacts, AccessRequest } from './decision.ts'
import type { Period } from './period.ts'

/** The stretch of time around `request.at` in which every rule says the same of the request. */
export function unchangedDuring({ grant, at }: AccessRequest, facts: AccessFacts): Period {
  const times = [
    ...(grant === undefined ? [] : [grant.expiresAt]),
    ...facts.agreements.flatMap(({ validFrom, validUntil }) => [validFrom, validUntil]),
    ...facts.consents.flatMap(({ provision }) => timesOf(provision)),
  ].filter((time) => time !== undefined)
  return {
    from: latest(times.filter((time) => time <= at)),
    until: earliest(times.filter((time) => time > at)),
  }
}

function timesOf({ period, nested }: Provision): readonly (Date | undefined)[] {
  return [period?.from, period?.until, ...nested.flatMap(timesOf)]
}

function latest(times: readonly Date[]): Date | undefined {
  return times.reduce<Date | undefined>(
    (last, time) => (last === undefined || time > last ? time : last),
    undefined,
  )
}

function earliest(times: readonly Date[]): Date | undefined {
  return times.reduce<Date | undefined>(
    (first, time) => (first === undefined || time < first ? time : first),
    undefined,
  )
}
