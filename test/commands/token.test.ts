import assert from 'node:assert/strict'
import { readFile, stat, writeFile } from 'node:fs/promises'
import { mkdtempSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { after, before, describe, it, mock } from 'node:test'
import { decodeJwt } from 'jose'
import { readDemoFile, tokenCommand } from '../../src/commands/token.ts'
import { obtainPersonToken, obtainSystemToken } from '../../src/commands/obtain-token.ts'
import { whoami, type Json } from '../support/oauth-calls.ts'
import { CARE, PATIENT_ID, startOauthWorld, type OauthWorld } from '../support/oauth-world.ts'

describe('samsyn token', () => {
  const cleanup: (() => Promise<void>)[] = []
  const dataDir = mkdtempSync(path.join(os.tmpdir(), 'samsyn-token-'))
  let world: OauthWorld
  before(async () => {
    world = await startOauthWorld({ after: (fn) => void cleanup.unshift(fn) })
    const { hub, issuer, keys } = world
    const demo = {
      hub,
      issuer: issuer.url,
      members: [{ id: 'member-1', orgnr: '993467049' }],
      clients: Object.entries(keys).map(([client_id, private_jwk]) => ({
        client_id,
        member: client_id === 'plain' ? 'member-1' : 'member-2',
        scope: CARE,
        private_jwk,
      })),
      users: [
        { username: 'kari', password: 'riktig hest', member: 'member-1' },
        { username: 'forgetful', password: 'feil', member: 'member-1' },
      ],
      patients: [],
    }
    await writeFile(path.join(dataDir, 'demo.json'), JSON.stringify(demo))
  })
  after(async () => {
    for (const fn of cleanup) await fn()
    rmSync(dataDir, { recursive: true })
  })

  /** What the command prints on standard output. */
  const run = async (...args: readonly string[]): Promise<string> => {
    const print = mock.method(console, 'log', () => undefined)
    try {
      const command = tokenCommand({
        settings: () => ({ dataDir, baseUrl: world.hub }),
      }).exitOverride()
      await command.parseAsync([...args], { from: 'user' })
      return print.mock.calls.map((call) => call.arguments.join(' ')).join('\n')
    } finally {
      print.mock.restore()
    }
  }

  it('prints a bearer token for a person and a patient', async () => {
    const token = await run('--user', 'kari', '--patient', PATIENT_ID, '--purpose', 'TREAT')
    const { status, body } = await whoami(world, { authorization: `Bearer ${token}` })
    assert.equal(status, 200)
    assert.equal(body.practitioner.name, 'Kari Lege')
  })

  it('narrows it to studies', async () => {
    const studies = ['1.2.3', '1.2.4']
    const token = await run('--user', 'kari', '--patient', PATIENT_ID, '--study', ...studies)
    const [detail] = decodeJwt(token).authorization_details as Json[]
    assert.deepEqual(detail.studies, studies)
  })

  it('breaks the glass with a coded reason', async () => {
    const person = ['--user', 'kari', '--patient', PATIENT_ID, '--purpose', 'BTG']
    const token = await run(...person, '--break-glass-reason', 'BLAALYS')
    const [detail] = decodeJwt(token).authorization_details as Json[]
    assert.equal(detail.purpose, 'BTG')
    assert.equal(world.logged.at(-2)?.act, 'break-glass')
  })

  it('prints a token for a system, with the answer whole as JSON', async () => {
    const answer = JSON.parse(await run('--client', 'plain', '--json'))
    assert.equal(answer.token_type.toLowerCase(), 'bearer')
    assert.match(answer.scope, /samsyn:publish/)
    const narrow = JSON.parse(await run('--client', 'plain', '--scope', 'samsyn:find', '--json'))
    assert.equal(narrow.scope, 'samsyn:find')
  })

  it('binds the token to a key, which it makes for its owner alone', async () => {
    const file = path.join(dataDir, 'dpop.json')
    const person = ['--user', 'kari', '--patient', PATIENT_ID, '--dpop-key', file]
    const first = decodeJwt(await run(...person))
    const second = decodeJwt(await run(...person))
    assert.ok(first.cnf)
    assert.deepEqual(first.cnf, second.cnf)
    assert.equal((await stat(file)).mode & 0o777, 0o600)
  })

  it('gives headers that the hub accepts, with a fresh proof each time', async () => {
    const demo = await readDemoFile(dataDir)
    const dpopJwk = JSON.parse(await readFile(path.join(dataDir, 'dpop.json'), 'utf8'))
    const request = { method: 'GET', url: `${world.hub}/fhir/whoami` }
    const system = await obtainSystemToken(demo, { clientId: 'bound' }, { dpopJwk })
    for (const { authorize } of [system, system])
      assert.equal((await whoami(world, await authorize(request))).status, 200)
    const person = { username: 'kari', patient: PATIENT_ID, purpose: 'TREAT', studies: [] }
    const { authorize } = await obtainPersonToken(demo, person)
    assert.equal((await whoami(world, await authorize(request))).status, 200)
  })

  it('says what is wrong', async () => {
    await assert.rejects(run(), /Name one caller/)
    await assert.rejects(run('--user', 'kari'), /needs --patient/)
    await assert.rejects(run('--user', 'nobody', '--patient', PATIENT_ID), /no such user/)
    await assert.rejects(run('--client', 'nobody'), /no such client/)
    await assert.rejects(
      run('--user', 'forgetful', '--patient', PATIENT_ID),
      /user name and password/,
    )
    await assert.rejects(run('--client', 'plain', '--scope', 'samsyn:operate'), /invalid_scope/)
    await assert.rejects(readDemoFile(os.tmpdir()), /start the demo first/)
  })
})
