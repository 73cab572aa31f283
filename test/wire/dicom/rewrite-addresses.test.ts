import assert from 'node:assert/strict'
import { test } from 'node:test'
import { rewriteAddresses } from '../../../src/wire/dicom/rewrite-addresses.ts'

const to = { retrieveUrl: 'https://hub.example/dicom-web/studies/1.2.3/series/4/instances/5' }

test('addresses become the hub’s at every depth, and whereabouts disappear, bulk data’s too', () => {
  const rewritten = rewriteAddresses(
    {
      '00080054': { vr: 'AE', Value: ['PACS'] },
      '00081190': { vr: 'UR', Value: ['http://pacs/studies/1.2.3'] },
      '00081199': {
        vr: 'SQ',
        Value: [
          {
            '00081190': { vr: 'UR', Value: ['http://pacs/x'] },
            '00081155': { vr: 'UI', Value: ['5'] },
            '00420011': { vr: 'OB', BulkDataURI: 'http://pacs/bulk/1' },
          },
          null,
        ],
      },
      '00282000': { vr: 'OB', BulkDataURI: '../../../bulk/7' },
      '54001010': {
        vr: 'OW',
        BulkDataURI: 'http://pacs/wado/studies/1.2.3/series/4/../../../admin',
      },
      '7FE00010': { vr: 'OW', BulkDataURI: 'http://pacs/wado/studies/1.2.3/series/4/bulk/9' },
    },
    to,
  )
  assert.deepEqual(rewritten, {
    '00081190': { vr: 'UR', Value: [to.retrieveUrl] },
    '00081199': { vr: 'SQ', Value: [{ '00081155': { vr: 'UI', Value: ['5'] } }, null] },
  })
})
