import assert from 'node:assert/strict'
import { test } from 'node:test'
import express from 'express'
import { requestId } from '../../src/faces/request-id.ts'
import { contextOf } from '../../src/faces/request-state.ts'
import { listen } from '../support/listen.ts'

test('a caller’s request id is kept unless it may be a national id', async (t) => {
  const app = express().use(requestId(), (req, res) => {
    res.json(contextOf(req))
  })
  const url = await listen(t, app)
  const idFor = async (sent: string) => {
    const answer = await fetch(url, { headers: { 'x-request-id': sent } })
    const { requestId: id } = (await answer.json()) as { requestId: string }
    assert.equal(answer.headers.get('x-request-id'), id)
    return id
  }
  for (const kept of [
    'order-2026-11-25',
    'c0a8a2e4-58a1-4b2f-9d3e-12345678901f',
    '1764085506123',
  ]) {
    assert.equal(await idFor(kept), kept)
  }
  for (const number of [
    '17858550084',
    'fnr-17858550084',
    'a.17858550084',
    'short',
    'with space 1',
  ]) {
    assert.notEqual(await idFor(number), number)
  }
})
