import assert from 'node:assert/strict'
import { test } from 'node:test'
import { HubError } from '../src/kernel/errors.ts'
import { createDatabase } from './support/database.ts'
import { keepLog } from './support/log-lines.ts'

const NUMBER = '17858550084'
const TOKEN = 'eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJ4In0.c2ln'

test('a line about an error has its message, its stack and what caused it', () => {
  const { log, lines } = keepLog()
  const cause = new TypeError('nothing there')
  log.error({ err: new HubError('unavailable', 'Not now', { cause }) }, 'It failed')
  const { err } = JSON.parse(lines[0] ?? '')
  assert.equal(err.message, 'Not now')
  assert.equal(err.code, 'unavailable')
  assert.match(err.stack, /compose-log\.test/)
  assert.equal(err.cause.message, 'nothing there')
})

test('a line about an error of the database has none of the row’s values', async (t) => {
  const { pool } = await createDatabase(t)
  const { log, lines } = keepLog()
  const insert = 'insert into patient_identifier (system, value, patient) values ($1, $2, $3)'
  const failing: readonly (readonly [string, readonly unknown[]])[] = [
    [insert, ['urn:x', NUMBER, null]],
    ['select $1::integer', [`a ${NUMBER}`]],
    ['select $1::jsonb', [`{"a": "${NUMBER}`]],
    [`select no_such_function('${NUMBER}')`, []],
  ]
  for (const [text, values] of failing) {
    await assert.rejects(pool.query(text, [...values]), (err: unknown) => {
      log.error({ err }, 'It failed')
      return true
    })
  }
  assert.equal(lines.length, failing.length)
  for (const line of lines) {
    assert.doesNotMatch(line, new RegExp(NUMBER))
    const { err } = JSON.parse(line)
    assert.deepEqual(Object.keys(err).toSorted(), ['code', 'message', 'stack', 'type'])
    assert.match(err.code, /^\w{5}$/)
  }
})

test('what an error’s message quotes of a number or a token is hidden, in its stack and causes too', () => {
  const { log, lines } = keepLog()
  const cause = new Error(`Cannot use ${TOKEN}`)
  log.error({ err: new Error(`No ${NUMBER}, 178585 50084`, { cause }) }, 'It failed')
  log.error({ err: `thrown ${NUMBER} ${TOKEN}` }, 'It failed')
  for (const line of lines) assert.doesNotMatch(line, /17858|eyJ/)
})

test('a value that the database does not take is not quoted, whatever it is', async (t) => {
  const { pool } = await createDatabase(t)
  const { log, lines } = keepLog()
  for (const value of ['Ødegård\nÅse', 'Ødegård\0Åse'])
    await assert.rejects(pool.query('select $1::integer', [value]), (err: unknown) => {
      log.error({ err }, 'It failed')
      return true
    })
  assert.equal(lines.length, 2)
  for (const line of lines) {
    assert.doesNotMatch(line, /deg|se\b.*type integer/)
    const { err } = JSON.parse(line)
    assert.match(err.message, /SQLSTATE 22/)
    assert.match(err.stack, /^ {4}at /)
  }
})
