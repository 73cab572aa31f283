import { it } from 'node:test'
import { killWhileStoring } from './kill-store.ts'

it('keeps every acknowledged instance and shows no half object when it is killed while storing', (t) =>
  killWhileStoring(t, { rounds: 4, seed: 20_261_125 }))
