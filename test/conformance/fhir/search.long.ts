import { test } from 'node:test'
import { proveSearch } from './prove-search.ts'

test('a search answers what R4 says, of every type and parameter, at length', (t) =>
  proveSearch(t, { each: 250, rounds: 4, others: 3000 }))
