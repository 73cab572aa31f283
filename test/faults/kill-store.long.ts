import { it } from 'node:test'
import { killWhileStoring } from './kill-store.ts'

it('keeps every acknowledged instance through fifty kills while storing', (t) =>
  killWhileStoring(t, { rounds: 50, seed: 7_341 }))
