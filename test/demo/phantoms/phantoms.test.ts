import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { test, type TestContext } from 'node:test'
import { makeStudy } from '../../../src/demo/phantoms/make-study.ts'
import {
  PHANTOM_MODALITIES,
  type PhantomInstance,
  type PhantomModality,
  type PhantomStudy,
} from '../../../src/demo/phantoms/phantom-study.ts'
import { isUid } from '../../../src/domain/imaging/uid.ts'
import { makeHeadReader } from '../../../src/wire/dicom/read-head.ts'
import { writePart10 } from '../../../src/wire/dicom/write-part10.ts'
import { requireProgram } from '../../support/peers.ts'

const COUNTS: Readonly<Record<PhantomModality, number>> = { CT: 40, MR: 24, DX: 1, US: 1 }

function study(modality: PhantomModality): PhantomStudy {
  return {
    uid: `2.25.${7_000 + PHANTOM_MODALITIES.indexOf(modality)}`,
    modality,
    patient: {
      nationalId: '17858550084',
      issuerOid: '2.16.578.1.12.4.1.4.1',
      familyName: 'Ødegård',
      givenName: 'Kåre Æ',
      birthDate: '1985-05-17',
      sex: 'M',
    },
    date: '2026-07-01',
    time: '10:15',
    accession: 'A1',
    description: 'Undersøkelse',
    bodyPart: 'CHEST',
    institution: 'Sykehuset Ånes',
    referrer: 'Lege^Åse',
    namesIssuer: true,
  }
}

function first(modality: PhantomModality): PhantomInstance {
  const instance = makeStudy(study(modality)).next().value
  assert(instance !== undefined)
  return instance
}

function part10(instance: PhantomInstance): Buffer {
  const vr = instance.attributes['00280100']?.Value?.[0] === 8 ? 'OB' : 'OW'
  return writePart10({
    attributes: instance.attributes,
    pixelData: { vr, bytes: instance.pixels() },
  })
}

/** The text dcmtk's program prints for a file with these bytes. */
async function ask(t: TestContext, program: string, bytes: Buffer): Promise<string | undefined> {
  const file = requireProgram(t, program)
  if (file === undefined) return undefined
  const folder = await mkdtemp(path.join(os.tmpdir(), 'samsyn-phantom-'))
  t.after(() => rm(folder, { recursive: true }))
  const object = path.join(folder, 'object.dcm')
  await writeFile(object, bytes)
  return execFileSync(file, [object], { encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 })
}

for (const modality of PHANTOM_MODALITIES) {
  void test(`a ${modality} study has the objects it promises, each with a UID of its own`, () => {
    const instances = [...makeStudy(study(modality))]
    assert.equal(instances.length, COUNTS[modality])
    assert.equal(new Set(instances.map(({ uid }) => uid)).size, COUNTS[modality])
    assert(instances.every(({ uid }) => isUid(uid)))
  })

  void test(`${modality} pixels are as many as rows, columns, frames and depth say`, () => {
    const instance = first(modality)
    const number = (tag: string): number => Number(instance.attributes[tag]?.Value?.[0] ?? 1)
    const bits = number('00280010') * number('00280011') * number('00280008') * number('00280100')
    assert.equal(instance.pixels().length, bits / 8)
  })

  void test(`the same ${modality} study is the same bytes again`, () => {
    assert.deepEqual(part10(first(modality)), part10(first(modality)))
  })

  void test(`the hub's own reader finds the ${modality} object's patient in its own letters`, async () => {
    const reader = makeHeadReader({ characterSet: 'ISO_IR 100' })
    await reader.push(part10(first(modality)))
    const { dataset, transferSyntaxUid } = await reader.finish()
    assert.equal(transferSyntaxUid, '1.2.840.10008.1.2.1')
    assert.deepEqual(dataset['00100010']?.Value, [{ Alphabetic: 'Ødegård^Kåre Æ' }])
    assert.deepEqual(dataset['00080201']?.Value, ['+0200'])
  })

  void test(`dcmdump reads the ${modality} object to its last pixel`, async (t) => {
    const text = await ask(t, 'dcmdump', part10(first(modality)))
    if (text === undefined) return
    assert.match(text, /\(0010,0020\) LO \[17858550084\]/)
    assert.match(text, /\(7fe0,0010\) O[BW]/)
  })

  void test(`dcmj2pnm draws the ${modality} object`, async (t) => {
    const picture = await ask(t, 'dcmj2pnm', part10(first(modality)))
    if (picture !== undefined) assert.match(picture, /^P[235]/)
  })
}

void test('a CT slice shows air, lung, soft tissue and bone at their Hounsfield units', () => {
  const slice = [...makeStudy(study('CT'))][14]
  assert(slice !== undefined)
  const pixels = slice.pixels()
  const view = new DataView(pixels.buffer)
  const share = (from: number, until: number): number => {
    let hits = 0
    for (let at = 0; at < pixels.length; at += 2) {
      const hounsfield = view.getUint16(at, true) - 1024
      if (hounsfield >= from && hounsfield < until) hits += 1
    }
    return hits / (pixels.length / 2)
  }
  assert(share(-1024, -960) > 0.4)
  assert(share(-920, -780) > 0.1)
  assert(share(20, 90) > 0.05)
  assert(share(400, 1200) > 0.003)
})

void test('the heart in the ultrasound cine moves from frame to frame', () => {
  const pixels = first('US').pixels()
  const size = 512 * 384
  assert.notDeepEqual(pixels.subarray(0, size), pixels.subarray(8 * size, 9 * size))
})
