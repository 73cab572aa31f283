import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { readConfig } from '../src/config.ts'
import { HubError } from '../src/kernel/errors.ts'

function faults(environment: Record<string, string>): Record<string, string> {
  try {
    readConfig(environment)
  } catch (error) {
    assert.ok(error instanceof HubError)
    return Object.fromEntries(error.problems.map(({ location, text }) => [location, text]))
  }
  return {}
}

describe('configuration', () => {
  it('serves a laptop by default', () => {
    const config = readConfig({})
    assert.equal(config.baseUrl, 'http://localhost:8080')
    assert.equal(config.host, '127.0.0.1')
    assert.equal(config.databaseUrl, undefined)
    assert.equal(config.studySettleMs, 10_000)
    assert.deepEqual(config.egressAllow, ['loopback'])
  })

  it('lists every fault at once', () => {
    const found = faults({
      SAMSYN_PROT: '1',
      SAMSYN_PORT: 'many',
      SAMSYN_STUDY_SETTLE: 'soon',
      SAMSYN_TRUSTED_ISSUERS: '[{"issuer":"https://idp.example"}]',
      SAMSYN_DIMSE_PORT: '104',
    })
    assert.deepEqual(Object.keys(found).sort(), [
      'SAMSYN_DIMSE_PORT',
      'SAMSYN_PORT',
      'SAMSYN_PROT',
      'SAMSYN_STUDY_SETTLE',
      'SAMSYN_TRUSTED_ISSUERS.0.audience',
      'SAMSYN_TRUSTED_ISSUERS.0.profile',
    ])
  })

  it('ignores what belongs to the tests', () => {
    assert.deepEqual(faults({ SAMSYN_TEST_DATA: 'x', SAMSYN_REQUIRE_PEERS: '1' }), {})
  })

  it('refuses to run in production with a laptop’s defaults', () => {
    assert.deepEqual(Object.keys(faults({ SAMSYN_ENV: 'production' })).sort(), [
      'DATABASE_URL',
      'SAMSYN_BASE_URL',
      'SAMSYN_KEY_FILE',
    ])
  })

  it('takes a complete production configuration', () => {
    const config = readConfig({
      SAMSYN_ENV: 'production',
      SAMSYN_BASE_URL: 'https://hub.example/',
      SAMSYN_KEY_FILE: 'keys.json',
      DATABASE_URL: 'postgresql://db/samsyn',
    })
    assert.equal(config.baseUrl, 'https://hub.example')
    assert.equal(config.mayCreateKeys, false)
  })

  for (const [text, ms] of [
    ['10 s', 10_000],
    ['500ms', 500],
    ['1.5 min', 90_000],
  ] as const) {
    it(`reads ${text} as a duration`, () => {
      assert.equal(readConfig({ SAMSYN_STUDY_SETTLE: text }).studySettleMs, ms)
    })
  }
})
