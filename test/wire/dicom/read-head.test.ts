import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { test } from 'node:test'
import { deflateRawSync } from 'node:zlib'
import fc from 'fast-check'
import type { DicomJson } from '../../../src/domain/imaging/study.ts'
import { isHubError } from '../../../src/kernel/errors.ts'
import { makeHeadReader, type Head } from '../../../src/wire/dicom/read-head.ts'
import { encodeDataset, encodeElement } from '../../../src/wire/dicom/encode-element.ts'
import { ctAttributes, ctObject, element } from '../../support/dicom.ts'
import { sampleFiles, sampleFolder } from '../../support/samples.ts'

async function readHead(bytes: Buffer, chunk = 65_536): Promise<Head> {
  const reader = makeHeadReader({ characterSet: 'ISO_IR 100' })
  for (let at = 0; at < bytes.length; at += chunk) await reader.push(bytes.subarray(at, at + chunk))
  return reader.finish()
}

/** A Part 10 object around a data set's bytes as they are. */
function part10(dataset: Buffer, transferSyntaxUid = '1.2.840.10008.1.2.1'): Buffer {
  return Buffer.concat([
    Buffer.alloc(128),
    Buffer.from('DICM'),
    encodeElement('00020010', 'UI', Buffer.from(transferSyntaxUid)),
    dataset,
  ])
}

const latin1 = (tag: string, vr: string, text: string): Buffer =>
  encodeElement(tag, vr, Buffer.from(text, 'latin1'))

test('the header of a written object is what was written, however the bytes are cut', async () => {
  const attributes = ctAttributes({ issuerOid: '2.16.578.1.12.4.1.4.1' })
  const bytes = ctObject({ attributes, size: 64 })
  for (const chunk of [1, 7, 132, 1000, 65_536]) {
    const { dataset, transferSyntaxUid } = await readHead(bytes, chunk)
    assert.deepEqual(dataset, attributes)
    assert.equal(transferSyntaxUid, '1.2.840.10008.1.2.1')
  }
})

test('every truncation is refused', async () => {
  const bytes = ctObject({ size: 4 })
  for (let length = 0; length < bytes.length; length += 1) {
    // Cut between two elements there is nothing to see: the object merely has fewer attributes.
    await readHead(bytes.subarray(0, length)).catch((error: unknown) => {
      assert.ok(isHubError(error, 'unprocessable'))
      assert.ok(error.reason !== undefined)
    })
  }
  await assert.rejects(readHead(bytes.subarray(0, bytes.length - 1)), { reason: 'truncated' })
})

test('flipped bytes are read or refused, never anything else', async () => {
  const bytes = ctObject({ size: 4, issuerOid: '2.16.578.1.12.4.1.4.1' })
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(fc.nat(bytes.length - 1), fc.nat(255)), { maxLength: 6 }),
      fc.integer({ min: 1, max: 300 }),
      async (flips, chunk) => {
        const copy = Buffer.from(bytes)
        for (const [at, value] of flips) copy[at] = value
        await readHead(copy, chunk).catch((error: unknown) => {
          if (!isHubError(error, 'unprocessable')) throw error
        })
      },
    ),
    { numRuns: 500 },
  )
})

test('text in sequences is decoded by the character set of the data set around them', async () => {
  const nested: DicomJson = { '00080104': element('LO', 'Ødegård') }
  const attributes = ctAttributes({ attributes: { '00081032': element('SQ', nested) } })
  const { dataset } = await readHead(ctObject({ attributes }))
  assert.deepEqual(dataset['00081032'], { vr: 'SQ', Value: [nested] })
})

test('an item may have a character set of its own', async () => {
  const item = Buffer.concat([
    latin1('00080005', 'CS', 'ISO_IR 192'),
    encodeElement('00080104', 'LO', Buffer.from('Åse')),
  ])
  const header = Buffer.from([0xfe, 0xff, 0x00, 0xe0, item.length, 0, 0, 0])
  const { dataset } = await readHead(
    part10(
      Buffer.concat([
        latin1('00080005', 'CS', 'ISO_IR 100'),
        encodeElement('00081032', 'SQ', Buffer.concat([header, item])),
        latin1('00100010', 'PN', 'Åse^Ødegård'),
      ]),
    ),
  )
  assert.deepEqual(dataset['00081032']?.Value?.[0], {
    '00080005': { vr: 'CS', Value: ['ISO_IR 192'] },
    '00080104': { vr: 'LO', Value: ['Åse'] },
  })
  assert.deepEqual(dataset['00100010']?.Value, [{ Alphabetic: 'Åse^Ødegård' }])
})

test('text without a character set is read by the default', async () => {
  const bytes = part10(latin1('00100010', 'PN', 'Sæther^Kjærsti'))
  const { dataset } = await readHead(bytes)
  assert.deepEqual(dataset['00100010']?.Value, [{ Alphabetic: 'Sæther^Kjærsti' }])
})

test('code extensions switch sets within a value', async () => {
  const bytes = part10(
    Buffer.concat([
      latin1('00080005', 'CS', '\\ISO 2022 IR 100'),
      latin1('00100010', 'PN', '\x1b-A\xd8degård^\x1b-AÅse'),
    ]),
  )
  const { dataset } = await readHead(bytes)
  assert.deepEqual(dataset['00100010']?.Value, [{ Alphabetic: 'Ødegård^Åse' }])
})

test('large binary values are left out and never held', async () => {
  const large = Buffer.alloc(3_000_000, 7)
  const reader = makeHeadReader({ characterSet: 'ISO_IR 100', headerLimit: 10_000 })
  const bytes = part10(
    Buffer.concat([
      encodeElement('00091010', 'OB', large),
      encodeElement('00091011', 'OB', Buffer.from([1, 2])),
      encodeElement('7FE00010', 'OW', large),
    ]),
  )
  for (let at = 0; at < bytes.length; at += 65_536)
    await reader.push(bytes.subarray(at, at + 65_536))
  const { dataset } = await reader.finish()
  assert.deepEqual(dataset, { '00091011': { vr: 'OB', InlineBinary: 'AQI=' } })
})

test('a header beyond its limit is refused', async () => {
  const reader = makeHeadReader({ characterSet: 'ISO_IR 100', headerLimit: 10_000 })
  const bytes = part10(encodeElement('00080104', 'UT', Buffer.alloc(20_000, 65)))
  await assert.rejects(async () => {
    await reader.push(bytes)
  }, /header is larger/)
})

test('a header of more elements, items or values than any object has is refused, not waited for', async () => {
  const empty = encodeElement('00111010', 'LO', Buffer.alloc(0))
  const item = Buffer.from([0xfe, 0xff, 0x00, 0xe0, 0, 0, 0, 0])
  const many = {
    elements: Buffer.alloc(200_000 * empty.length, empty),
    items: encodeElement('00111010', 'SQ', Buffer.alloc(200_000 * item.length, item)),
    names: encodeElement('00111010', 'UN', Buffer.alloc(0)),
    values: encodeElement('00111010', 'UC', Buffer.alloc(2_000_000, '1\\')),
  }
  for (const dataset of [many.elements, many.items, many.values])
    await assert.rejects(readHead(part10(dataset)), { reason: 'too-complex' })
  await readHead(part10(many.names))
})

test('a list as long as a contour is read whole', async () => {
  const points = Array.from({ length: 15_000 }, (_, at) => at % 500)
  const { dataset } = await readHead(part10(latin1('30060050', 'DS', points.join('\\'))))
  assert.deepEqual(dataset['30060050']?.Value, points)
})

test('padding is taken off, and a text with a NUL or a control character in it is refused', async () => {
  const { dataset } = await readHead(
    part10(
      Buffer.concat([
        latin1('00080050', 'SH', 'A1\0\0'),
        latin1('00104000', 'LT', 'one\r\n\ttwo '),
        latin1('00204000', 'LT', '\0\0'),
      ]),
    ),
  )
  assert.deepEqual(dataset, {
    '00080050': { vr: 'SH', Value: ['A1'] },
    '00104000': { vr: 'LT', Value: ['one\r\n\ttwo'] },
    '00204000': { vr: 'LT' },
  })
  for (const [vr, text] of [
    ['LO', '1785\x008550084'],
    ['LO', '\x00A'],
    ['PN', 'Ødegård\x00^Åse'],
    ['PN', 'A^B=C\x00D'],
    ['LT', 'a\x00b'],
    ['CS', 'CT\r\nX: y'],
    ['SH', 'a\tb'],
    ['UI', '1.2\x003'],
    ['DS', '1\x002'],
    ['UR', 'http://a\nb'],
  ] as const)
    await assert.rejects(readHead(part10(latin1('00111010', vr, text))), {
      reason: 'malformed-text',
    })
})

test('a transfer syntax that is no UID is refused; one that nobody knows is passed on', async () => {
  for (const bad of ['1.2.3\r\nX-Evil: 1', '1.02.3', 'abc', '1.2.840.10008.1.2.1; a=b'])
    await assert.rejects(readHead(part10(encodeDataset(ctAttributes()), bad)), {
      reason: 'malformed',
    })
  const { transferSyntaxUid } = await readHead(part10(encodeDataset(ctAttributes()), '1.2.3.4.5'))
  assert.equal(transferSyntaxUid, '1.2.3.4.5')
})

test('a refused object is named by what is a UID alone', async () => {
  const reader = makeHeadReader({ characterSet: 'ISO_IR 100' })
  const meta = [
    encodeElement('00020002', 'UI', Buffer.from('1.2.840.10008.5.1.4.1.1.2')),
    encodeElement('00020003', 'UI', Buffer.from('17858550084 Ola')),
    encodeElement('00020010', 'UI', Buffer.from('1.2.840.10008.1.2.1')),
  ]
  await reader.push(
    Buffer.concat([Buffer.alloc(128), Buffer.from('DICM'), ...meta, encodeDataset(ctAttributes())]),
  )
  assert.deepEqual(reader.told(), {
    sopClassUid: '1.2.840.10008.5.1.4.1.1.2',
    instanceUid: undefined,
  })
})

test('where the sender keeps the object is left out, at every depth', async () => {
  const kept: DicomJson = { '00081155': element('UI', '1.2.3') }
  const { dataset } = await readHead(
    part10(
      encodeDataset({
        '00080054': element('AE', 'SECRETAE'),
        '00081140': element('SQ', { ...kept, '00081190': element('UR', 'http://pacs/x') }),
        '00081190': element('UR', 'http://pacs/x'),
        '0040E010': element('UR', 'http://pacs/x'),
      }),
    ),
  )
  assert.deepEqual(dataset, { '00081140': element('SQ', kept) })
})

test('a deflated data set is read like any other, and its truncation refused', async () => {
  const dataset = encodeDataset(ctAttributes({ instanceUid: '1.2.3' }))
  const bytes = part10(deflateRawSync(dataset), '1.2.840.10008.1.2.1.99')
  const head = await readHead(bytes, 50)
  assert.deepEqual(head.dataset['00080018']?.Value, ['1.2.3'])
  await assert.rejects(readHead(bytes.subarray(0, bytes.length - 20), 50), { reason: 'truncated' })
})

test('implicit VR is read by the dictionary', async () => {
  const item = (tag: string, value: Buffer): Buffer => {
    const header = Buffer.alloc(8)
    header.writeUInt16LE(parseInt(tag.slice(0, 4), 16), 0)
    header.writeUInt16LE(parseInt(tag.slice(4), 16), 2)
    header.writeUInt32LE(value.length, 4)
    return Buffer.concat([header, value])
  }
  const bytes = part10(
    Buffer.concat([
      item('00080060', Buffer.from('CT')),
      item('00280010', Buffer.from([0, 2])),
      item('00280103', Buffer.from([1, 0])),
      item('00280120', Buffer.from([0xff, 0xff])),
    ]),
    '1.2.840.10008.1.2',
  )
  assert.deepEqual((await readHead(bytes)).dataset, {
    '00080060': { vr: 'CS', Value: ['CT'] },
    '00280010': { vr: 'US', Value: [512] },
    '00280103': { vr: 'US', Value: [1] },
    '00280120': { vr: 'SS', Value: [-1] },
  })
})

test('what is not DICOM is refused by its first bytes', async () => {
  const reader = makeHeadReader({ characterSet: 'ISO_IR 100' })
  await assert.rejects(async () => {
    await reader.push(Buffer.from('<html>'.padEnd(200)))
  }, /no DICM prefix/)
})

test('a file meta information that names another instance is refused', async () => {
  const bytes = Buffer.concat([
    Buffer.alloc(128),
    Buffer.from('DICM'),
    encodeDataset({
      '00020003': element('UI', '1.2.3'),
      '00020010': element('UI', '1.2.840.10008.1.2.1'),
      '00080018': element('UI', '1.2.4'),
    }),
  ])
  await assert.rejects(readHead(bytes), { reason: 'uid-mismatch' })
})

test('every sample is read or refused in good time', async (t) => {
  for (const folder of ['dicom', 'malformed'])
    for (const file of await sampleFiles(t, folder)) {
      const head = await readHead(await readFile(file)).catch((error: unknown) => {
        if (!isHubError(error, 'unprocessable')) throw new Error(file, { cause: error })
      })
      JSON.stringify(head)
    }
})

test('Norwegian names are right in every character set that can write them', async (t) => {
  const names = new Set<string>()
  for (const file of await sampleFiles(t, 'dicom/charset-norwegian')) {
    const { dataset } = await readHead(await readFile(file))
    names.add(JSON.stringify(dataset['00100010']?.Value))
  }
  if (sampleFolder === undefined) return
  assert.equal(names.size, 3)
  for (const name of names) assert.match(name, /[æøåÆØÅ]/)
})
