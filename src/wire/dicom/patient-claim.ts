/** What a data set says about whose it is (PS3.3 section C.7.1.1). */
import type { DicomJson, PatientClaim } from '../../domain/imaging/study.ts'
import { isUid } from '../../domain/imaging/uid.ts'
import { lookup } from '../../kernel/lookup.ts'
import { itemsAt, personNameAt, textAt } from './attributes.ts'

const SEXES: Readonly<Record<string, PatientClaim['sex']>> = { M: 'male', F: 'female', O: 'other' }

/** `defaultIssuer` holds for an id that names none at all: one with a local issuer's name is not ours to guess. */
export function patientClaim(dataset: DicomJson, defaultIssuer: string | undefined): PatientClaim {
  const id = textAt(dataset, '00100020')
  const [family = '', given = '', middle = ''] = (personNameAt(dataset, '00100010') ?? '')
    .split('^')
    .map((component) => component.trim())
  return {
    id,
    issuer: id === undefined ? undefined : issuerOf(dataset, defaultIssuer),
    otherIds: otherIds(dataset),
    familyName: family || undefined,
    givenName: [given, middle].filter((name) => name !== '').join(' ') || undefined,
    birthDate: toDate(textAt(dataset, '00100030')),
    sex: lookup(SEXES, textAt(dataset, '00100040') ?? ''),
  }
}

/** (0010,0024) with a Universal Entity ID of type ISO, else (0010,0021) where it is an OID. */
function issuerOf(dataset: DicomJson, otherwise: string | undefined): string | undefined {
  const [qualifier = {}] = itemsAt(dataset, '00100024')
  const entity = textAt(qualifier, '00400032')
  if (entity !== undefined && textAt(qualifier, '00400033') === 'ISO') return toUrn(entity)
  const name = textAt(dataset, '00100021')
  return name === undefined && entity === undefined ? otherwise : toUrn(name ?? '')
}

function toUrn(oid: string): string | undefined {
  const bare = oid.replace(/^urn:oid:/i, '')
  return isUid(bare) ? `urn:oid:${bare}` : undefined
}

/** (0010,1002) Other Patient IDs Sequence. */
function otherIds(dataset: DicomJson): PatientClaim['otherIds'] {
  return itemsAt(dataset, '00101002').flatMap((item) => {
    const id = textAt(item, '00100020')
    return id === undefined ? [] : [{ id, issuer: issuerOf(item, undefined) }]
  })
}

/** DA to YYYY-MM-DD; the older form with dots as well (PS3.5 section 6.2). */
function toDate(text: string | undefined): string | undefined {
  const [, year, month, day] = /^(\d{4})\.?(\d{2})\.?(\d{2})$/.exec(text ?? '') ?? []
  if (year === undefined || month === undefined || day === undefined) return undefined
  const iso = `${year}-${month}-${day}`
  const date = new Date(`${iso}T00:00:00Z`)
  const isReal = !Number.isNaN(date.getTime()) && date.toISOString().startsWith(iso)
  return isReal ? iso : undefined
}
