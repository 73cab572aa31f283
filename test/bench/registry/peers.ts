/** The hub's peers on the same database: its services without token and audit, and its statements without services. */
import fs from 'node:fs'
import path from 'node:path'
import { startChild } from '../../support/children.ts'
import type { Scope } from '../../support/database.ts'
import type { BareAnswer, BareAnswers } from '../../support/bare-answers.ts'
import type { ServiceCallers } from '../../support/service-callers.ts'
import type { LoadRequest, LoadTarget } from '../load.ts'
import type { Asked } from './questions.ts'
import type { World } from './world.ts'

const SUPPORT = path.join(import.meta.dirname, '../../support')
const SERVICE = path.join(SUPPORT, 'registry-service-child.ts')
const BARE = path.join(SUPPORT, 'bare-statements-child.ts')

export interface Peers {
  readonly hub: LoadTarget
  readonly service: LoadTarget
  readonly bare: LoadTarget
}

const JSON_ACCEPTED = { accept: 'application/fhir+json' }

/** The bare peer runs what the services print for each request. */
export async function startPeers(
  scope: Scope,
  world: World,
  asked: readonly Asked[],
): Promise<Peers> {
  const callers = Object.fromEntries(
    asked.map(({ caller }) => [caller.key, caller.principal] as const),
  )
  const { databaseUrl, databasePid, hub } = world
  const base = `${hub.url}/fhir`
  const service = await startPeer(scope, world, SERVICE, {
    ...{ databaseUrl, base, callers },
  } satisfies ServiceCallers)
  const answers = Object.fromEntries(
    await Promise.all(asked.map((one) => recorded(service.url, one))),
  )
  const bare = await startPeer(scope, world, BARE, { databaseUrl, answers } satisfies BareAnswers)
  const beside = (url: string): readonly LoadRequest[] =>
    asked.map(({ caller, path: to }) => ({
      url: url + to,
      headers: { ...JSON_ACCEPTED, 'x-caller': caller.key },
    }))
  const atHub = asked.map(({ caller, path: to }) => ({
    url: base + to,
    headers: { ...JSON_ACCEPTED, authorization: `Bearer ${caller.token}` },
  }))
  return {
    hub: { requests: atHub, pid: hub.child.process.pid ?? 0, databasePid },
    service: { requests: beside(service.url), pid: service.pid, databasePid },
    bare: { requests: beside(bare.url), pid: bare.pid, databasePid },
  }
}

async function recorded(
  service: string,
  { caller, path: to }: Asked,
): Promise<readonly [string, BareAnswer]> {
  const headers = { 'x-caller': caller.key, 'x-record': '1' }
  const response = await fetch(service + to, { headers })
  if (!response.ok) throw new Error(`No statements for ${to}: ${String(response.status)}`)
  // The bare peer knows a request by its URL as it comes over the wire.
  const { pathname, search } = new URL(service + to)
  return [`${caller.key} ${pathname}${search}`, (await response.json()) as BareAnswer]
}

async function startPeer(
  scope: Scope,
  { hub }: World,
  script: string,
  told: object,
): Promise<{ readonly url: string; readonly pid: number }> {
  const file = path.join(hub.dataDir, `${path.basename(script, '.ts')}.json`)
  fs.writeFileSync(file, JSON.stringify(told))
  const child = startChild(process.execPath, [script, file])
  scope.after(() => child.kill())
  const port = /listening on (\d+)/.exec(await child.line(/listening/))?.[1] ?? ''
  return { url: `http://127.0.0.1:${port}`, pid: child.process.pid ?? 0 }
}
