/** Whether one row has what one parameter asks: R4 search, section 3.1.1.4, type by type. */
import { codingsOf, parameterAt, type Parameter, type ParameterType } from './definitions.ts'
import { dateMatches, intervalOf, intervalOfText, outer, type Interval } from './dates.ts'
import { evaluate, impliedSystems, valuesOf, type Resource, type TypedValue } from './elements.ts'
import { limitsOf, numberMatches, unitMatches } from './numbers.ts'
import { folded, split, textsOf, unescaped } from './texts.ts'
import { isCustodian, withoutVersion, type Row, type View } from './world.ts'

export interface Asked {
  readonly parameter: Parameter
  readonly modifier?: string | undefined
  readonly value: string
}

/** References that are resolved to a registered Patient: their identifiers are that Patient's. */
const PATIENT_COLUMNS: Readonly<Record<string, readonly string[]>> = {
  patient:
    'AuditEvent Consent DiagnosticReport DocumentReference ImagingStudy List Observation Provenance ServiceRequest Task'.split(
      ' ',
    ),
  subject:
    'DiagnosticReport DocumentReference ImagingStudy List Observation ServiceRequest Task'.split(
      ' ',
    ),
}

export function isPatientColumn(type: string, code: string): boolean {
  return PATIENT_COLUMNS[code]?.includes(type) === true
}

/** The date a row is ordered by, of which the registry knows the outer limits alone. */
const OUTER_LIMITS = new Set(['Observation.date'])

export function matchesRow(row: Row, asked: Asked, view: View): boolean {
  const { parameter, modifier, value } = asked
  if (modifier === 'missing') return isMissing(row, parameter) === (value === 'true')
  const any = split(value, ',').some((one) => matchesOne(row, { ...asked, value: one }, view))
  return modifier === 'not' || modifier === 'not-in' ? !any : any
}

function isMissing(row: Row, parameter: Parameter): boolean {
  if (parameter.code === '_id' || parameter.code === '_lastUpdated') return false
  if (isCustodian(row.type, parameter.code)) return row.custodian === undefined
  return valuesOf(parameter, row.resource).length === 0
}

function matchesOne(row: Row, asked: Asked, view: View): boolean {
  const { parameter, value } = asked
  if (parameter.code === '_id') return row.id === unescaped(value)
  if (parameter.code === '_lastUpdated') {
    const at = row.at.getTime()
    return dateAsked(value, [at, at + 1])
  }
  if (isCustodian(row.type, parameter.code)) {
    const reference = `Organization/${String(row.custodian)}`
    const one = { type: 'Reference', value: { reference } }
    return row.custodian !== undefined && referenceMatches(one, asked, { row, view })
  }
  const values = valuesOf(parameter, row.resource)
  if (parameter.type === 'date' && OUTER_LIMITS.has(`${row.type}.${parameter.code}`)) {
    return values.length > 0 && dateAsked(value, outer(values.map(intervalOf)))
  }
  const { type } = parameter
  return values.some((one) =>
    type === 'composite'
      ? tupleMatches(one, asked, { row, view })
      : MATCHES[type](one, asked, { row, view }),
  )
}

interface Place {
  readonly row: Row
  readonly view: View
}

type Matches = (one: TypedValue, asked: Asked, place: Place) => boolean

/** By the type of the parameter, or of a component of it. */
const MATCHES: Readonly<Record<Exclude<ParameterType, 'composite'>, Matches>> = {
  date: (one, { value }) => dateAsked(value, intervalOf(one)),
  number: (one, { value }) => numberMatches(...prefixed(value), limitsOf(one)),
  quantity: (one, { value }) => {
    const [number = '', system = '', code = ''] = split(value, '|').map(unescaped)
    return numberMatches(...prefixed(number), limitsOf(one)) && unitMatches(system, code, one)
  },
  string: (one, { value, modifier }) =>
    textsOf(one.value).some((text) => stringMatches(text, modifier, unescaped(value))),
  token: tokenMatches,
  reference: referenceMatches,
  uri: (one, { value, modifier }) => uriMatches(String(one.value), modifier, unescaped(value)),
}

function prefixed(text: string): [prefix: string, rest: string] {
  return /^[a-z]/.test(text) ? [text.slice(0, 2), text.slice(2)] : ['eq', text]
}

function dateAsked(text: string, interval: Interval): boolean {
  const [prefix, rest] = prefixed(text)
  return dateMatches(prefix, intervalOfText(rest), interval)
}

function stringMatches(text: string, modifier: string | undefined, asked: string): boolean {
  if (modifier === 'exact') return text === asked
  const wanted = folded(asked)
  if (wanted === '') return false
  return modifier === 'contains' ? folded(text).includes(wanted) : folded(text).startsWith(wanted)
}

interface Token {
  readonly system?: string | undefined
  readonly code?: string | undefined
}

function tokenMatches(one: TypedValue, { parameter, modifier, value }: Asked): boolean {
  if (modifier === 'text') {
    const { text, display, coding = [], type } = one.value
    const texts = [text, display, type?.text, ...coding.map((each: any) => each.display)]
    return texts.some(
      (each) => each !== undefined && stringMatches(each, undefined, unescaped(value)),
    )
  }
  if (modifier === 'in' || modifier === 'not-in') {
    const codings = codingsOf(unescaped(value))
    return tokensOf(one, parameter).some(({ system = '', code = '' }) =>
      codings.has(`${system}|${code}`),
    )
  }
  if (modifier === 'of-type') {
    const [system, code, identifier] = split(value, '|').map(unescaped)
    const types: readonly any[] = one.value.type?.coding ?? []
    const isTyped = types.some((each) => (each.system ?? '') === system && each.code === code)
    return isTyped && one.value.value === identifier
  }
  const parts = split(value, '|').map(unescaped)
  const [system, code] = parts.length === 1 ? [undefined, parts[0]] : parts
  return tokensOf(one, parameter).some((token) => isToken(token, system, code ?? ''))
}

function tokensOf(one: TypedValue, parameter: Parameter): readonly Token[] {
  const { type, value } = one
  if (typeof value !== 'object') {
    const systems = impliedSystems(one, parameter)
    const code = String(value)
    return systems.length === 0 ? [{ code }] : systems.map((system) => ({ system, code }))
  }
  if (type === 'CodeableConcept') return value.coding ?? []
  if (!['Coding', 'Identifier', 'ContactPoint'].includes(type)) return []
  return [{ system: value.system, code: value.code ?? value.value }]
}

/** A DICOM UID is the same with and without `urn:oid:`. */
function isToken(token: Token, system: string | undefined, code: string): boolean {
  const isUid = system === undefined || system === 'urn:dicom:uid'
  const plain = (text: string): string => (isUid ? text.replace(/^urn:oid:/, '') : text)
  const isCode = token.code !== undefined && plain(token.code) === plain(code)
  if (system === undefined) return isCode
  if (system === '') return token.system === undefined && isCode
  return token.system === system && (code === '' || isCode)
}

function referenceMatches(one: TypedValue, asked: Asked, place: Place): boolean {
  const { parameter, modifier, value } = asked
  if (modifier === 'identifier') return identifierMatches(one, asked, place)
  const text: unknown = typeof one.value === 'string' ? one.value : one.value.reference
  if (typeof text !== 'string' || text.startsWith('#')) return false
  const has = withoutVersion(text, place.view.base)
  const wished = withoutVersion(unescaped(value), place.view.base)
  const targets = modifier === undefined ? (parameter.target ?? []) : [modifier]
  const wanted = /[/:|]/.test(wished) ? [wished] : targets.map((type) => `${type}/${wished}`)
  const isOfType = modifier === undefined || has.split('/').at(-2) === modifier
  return isOfType && (wanted.includes(has) || wanted.includes(has.split('|')[0] ?? ''))
}

function identifierMatches(one: TypedValue, asked: Asked, { row, view }: Place): boolean {
  const { code } = asked.parameter
  const own = withoutVersion(one.value.reference ?? '', view.base)
  const [type = '', id = ''] = own.split('/')
  const isPerson = isPatientColumn(row.type, code) && type === 'Patient'
  const resolved = isPerson ? view.person(id) : isCustodian(row.type, code) && view.row(type, id)
  const identifiers: readonly any[] =
    resolved === false ? [one.value.identifier ?? {}] : (resolved?.resource.identifier ?? [])
  return identifiers.some((each) =>
    tokenMatches({ type: 'Identifier', value: each }, { ...asked, modifier: undefined }),
  )
}

function uriMatches(value: string, modifier: string | undefined, asked: string): boolean {
  if (modifier === 'below') return isUrl(asked) && value.startsWith(asked)
  const [has = ''] = value.split('|')
  // Above: the URL asked for lies below what is there, a whole step of its path or so at least.
  if (modifier === 'above')
    return isUrl(asked) && asked.startsWith(has) && !/^\w/.test(asked.slice(has.length))
  return value === asked || has === asked
}

function isUrl(text: string): boolean {
  return /^\w+:\/\/[^/]/.test(text)
}

function tupleMatches(context: TypedValue, { parameter, value }: Asked, place: Place): boolean {
  const parts = split(value, '$')
  return (parameter.component ?? []).every(({ definition, expression }, at) => {
    const meant = parameterAt(definition)
    if (meant.type === 'composite') throw new Error('A composite has no composites')
    const matches = MATCHES[meant.type]
    const asked = { parameter: meant, value: parts[at] ?? '' }
    return componentValues(context, expression, place.row.resource).some((one) =>
      matches(one, asked, place),
    )
  })
}

export function componentValues(
  context: TypedValue,
  expression: string,
  resource: Resource,
): readonly TypedValue[] {
  return expression.split(' | ').flatMap((one) => evaluate(one, context, resource))
}
