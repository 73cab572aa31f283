/** A running hub tells subscribers of what is published, by POST and by websocket, also when it was killed meanwhile. */
import assert from 'node:assert/strict'
import { createPublicKey, verify } from 'node:crypto'
import { once } from 'node:events'
import { it } from 'node:test'
import { WebSocket } from 'ws'
import { create, deposit, reportOf, type Caller } from '../support/care.ts'
import { createDatabase } from '../support/database.ts'
import { ctObject, newUid } from '../support/dicom.ts'
import { NATIONAL_ID_SYSTEM, startNetwork } from '../support/network.ts'
import { eventsIn, startReceiver, subscription, type Received } from '../support/subscribers.ts'
import { until } from '../support/until.ts'

const issuerOid = NATIONAL_ID_SYSTEM.replace('urn:oid:', '')
const PATIENCE = 40_000

/** Whether the message is signed by a key that the hub publishes. */
async function isSigned({ url }: Caller, { headers }: Received, target: string): Promise<boolean> {
  const parameters = String(headers['signature-input']).replace(/^hub=/, '')
  const base = [
    '"@method": POST',
    `"@target-uri": ${target}`,
    `"content-type": ${headers['content-type']}`,
    `"content-digest": ${String(headers['content-digest'])}`,
    `"@signature-params": ${parameters}`,
  ].join('\n')
  const { jwks_uri: address } = (await (
    await fetch(`${url}/.well-known/oauth-authorization-server`)
  ).json()) as { jwks_uri: string }
  const { keys } = (await (await fetch(address)).json()) as { keys: { kid: string }[] }
  const jwk = keys.find(({ kid }) => parameters.includes(`keyid="${kid}"`))
  const key = createPublicKey({ key: { ...jwk }, format: 'jwk' })
  const signature = Buffer.from(String(headers.signature).slice('hub=:'.length, -1), 'base64')
  return verify('sha256', Buffer.from(base), { key, dsaEncoding: 'ieee-p1363' }, signature)
}

async function openSocket(caller: Caller, id: string): Promise<readonly any[]> {
  const { url, authorization } = caller
  const answer = await fetch(`${url}/fhir/Subscription/${id}/$get-ws-binding-token`, {
    headers: { authorization },
  })
  const { parameter } = (await answer.json()) as { parameter: Record<string, string>[] }
  const valueOf = (name: string, kind: string) => parameter.find((one) => one.name === name)?.[kind]
  const socket = new WebSocket(valueOf('websocket-url', 'valueUrl') ?? '')
  const received: unknown[] = []
  socket.on('message', (data: Buffer) => received.push(JSON.parse(data.toString())))
  await once(socket, 'open')
  socket.send(`bind-with-token ${valueOf('token', 'valueString')}`)
  return received
}

it('tells by POST and by websocket of a study that has settled and of its report, killed or not', async (t) => {
  const { url } = await createDatabase(t)
  const env = { DATABASE_URL: url, SAMSYN_STUDY_SETTLE: '1s' }
  const { hub, system, newPatient } = await startNetwork(t, env)
  const receiver = await startReceiver(t)
  await hub.json('client', 'hooks', 'add', 'north-feed', new URL(receiver.url).host)
  const feed = { url: hub.url, authorization: await system('north-feed') }
  const archive = { url: hub.url, authorization: await system('north-archive') }

  const hook = { endpoint: receiver.url, content: 'full-resource' }
  await create(feed, subscription(hook))
  await create(feed, subscription({ ...hook, topic: 'diagnostic-report' }))
  const { id } = await create(feed, subscription({ channelType: 'websocket' }))
  const received = await openSocket(feed, id)
  await until(() => receiver.received.length === 2 && received.length === 1, PATIENCE)

  const patient = newPatient()
  const [first, second] = [newUid(), newUid()]
  await deposit(archive, [ctObject({ patientId: patient, issuerOid, studyUid: first })])
  await create(archive, reportOf(first, patient))
  const resources = () => receiver.received.flatMap(({ bundle }) => bundle.entry.slice(1))
  const isTold = (type: string, uid: string): boolean =>
    resources().some(
      ({ resource }: any) =>
        resource.resourceType === type && JSON.stringify(resource).includes(uid),
    )
  await until(() => isTold('ImagingStudy', first) && isTold('DiagnosticReport', first), PATIENCE)
  await until(() => received.flatMap(eventsIn).length === 1, PATIENCE)
  for (const message of receiver.received) assert.ok(await isSigned(feed, message, receiver.url))

  await deposit(archive, [ctObject({ patientId: patient, issuerOid, studyUid: second })])
  await hub.child.kill('SIGKILL')
  await hub.restart()
  await until(() => isTold('ImagingStudy', second), PATIENCE)
})
