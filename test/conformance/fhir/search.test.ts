import { test } from 'node:test'
import { proveSearch } from './prove-search.ts'

test('a search answers what R4 says, of every type and parameter', (t) =>
  proveSearch(t, { each: 120, rounds: 1, others: 250 }))
