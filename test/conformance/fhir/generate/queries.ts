/** What is asked of each parameter: by every prefix and modifier of its type, with values that the data hold or nearly do. */
import type { Random } from '../../../support/random.ts'
import {
  codingsOf,
  LINKED_TYPES,
  parameterAt,
  parametersOf,
  type Parameter,
} from '../oracle/definitions.ts'
import { intervalOf } from '../oracle/dates.ts'
import { boundValueSet, impliedSystems, valuesOf, type TypedValue } from '../oracle/elements.ts'
import { componentValues } from '../oracle/match.ts'
import { limitsOf } from '../oracle/numbers.ts'
import type { Pair } from '../oracle/search.ts'
import { escaped, textsOf } from '../oracle/texts.ts'
import { isCustodian, type Row } from '../oracle/world.ts'

export interface Query {
  readonly type: string
  readonly pairs: readonly Pair[]
  /** What it is an instance of: `code:modifier` or `code prefix`. */
  readonly label: string
}

export type Pick = <Value>(values: readonly Value[]) => Value | undefined

export function pickBy(random: Random): Pick {
  return (values) => values[Math.floor(random() * values.length)]
}

const PREFIXES = ['', 'eq', 'ne', 'gt', 'lt', 'ge', 'le', 'sa', 'eb', 'ap']

/** Every form of every parameter of the type, `rounds` times. */
export function queriesOf(
  type: string,
  rows: readonly Row[],
  { pick, base, rounds }: { readonly pick: Pick; readonly base: string; readonly rounds: number },
): readonly Query[] {
  return parametersOf(type).flatMap((parameter) =>
    Array.from({ length: rounds }, () => formsOf(parameter, rows, { pick, base }))
      .flat()
      .map(([name, value, label]) => ({ type, pairs: [[name, value] as const], label })),
  )
}

type Form = readonly [name: string, value: string, label: string]

interface Making {
  readonly pick: Pick
  readonly base: string
}

export function formsOf(
  parameter: Parameter,
  rows: readonly Row[],
  making: Making,
): readonly Form[] {
  const { code } = parameter
  const known = rows.flatMap((row) => knownValues(parameter, row))
  const values = (): TypedValue | undefined => making.pick(known)
  const missing = ['true', 'false'].map((value): Form => [`${code}:missing`, value, ':missing'])
  // R4 gives it to all but composites.
  const always = parameter.type === 'composite' ? [] : missing
  return [...always, ...FORMS[parameter.type]({ parameter, value: values, rows, ...making })]
}

/** What the registry knows beside the resource counts as its values. */
function knownValues(parameter: Parameter, row: Row): readonly TypedValue[] {
  if (parameter.code === '_lastUpdated') return [{ type: 'instant', value: row.at.toISOString() }]
  if (isCustodian(row.type, parameter.code))
    return [{ type: 'Reference', value: { reference: `Organization/${String(row.custodian)}` } }]
  return valuesOf(parameter, row.resource)
}

interface Forming extends Making {
  readonly parameter: Parameter
  /** A value that the data hold: another one at each call. */
  readonly value: () => TypedValue | undefined
  readonly rows: readonly Row[]
}

const FORMS: Readonly<Record<Parameter['type'], (forming: Forming) => readonly Form[]>> = {
  date: ({ parameter: { code }, value, pick }) =>
    PREFIXES.map((prefix) => [
      code,
      some([dateText(value(), pick), pick(['', dateText(value(), pick)])], prefix),
      prefix,
    ]),
  number: ({ parameter: { code }, value, pick }) =>
    PREFIXES.map((prefix) => [code, prefix + numberText(value(), pick), prefix]),
  quantity: ({ parameter: { code }, value, pick }) =>
    PREFIXES.map((prefix) => [code, prefix + quantityText(value(), pick), prefix]),
  string: stringForms,
  token: tokenForms,
  reference: referenceForms,
  uri: uriForms,
  composite: compositeForms,
}

function some(values: readonly (string | undefined)[], prefix = ''): string {
  return values
    .filter((one) => one !== undefined && one !== '')
    .map((one) => prefix + String(one))
    .join(',')
}

/** What the value says, a coarser date around it, its edges, or the moment beside them. */
function dateText(value: TypedValue | undefined, pick: Pick): string {
  if (value === undefined) return '2024-02'
  const [from, until] = intervalOf(value)
  const edge = new Date(pick([from, until, from - 1, until - 1, until + 1]) ?? from)
  const iso =
    edge.getUTCFullYear() < 1 || edge.getUTCFullYear() > 9998
      ? '2024-02-29T12:00:00.000Z'
      : edge.toISOString()
  const zoned = iso.replace('Z', '+00:00')
  return (
    pick([
      iso.slice(0, 4),
      iso.slice(0, 7),
      iso.slice(0, 10),
      `${iso.slice(0, 19)}Z`,
      `${iso.slice(0, 16)}Z`,
      iso,
      zoned,
    ]) ?? iso
  )
}

function numberText(value: TypedValue | undefined, pick: Pick): string {
  const [low, high] = value === undefined ? [5_000_000n, 5_000_000n] : limitsOf(value)
  const known = pick([low, high].filter((one) => one > -(10n ** 30n) && one < 10n ** 30n)) ?? 0n
  const text = String(Number(known) / 1e6)
  return (
    pick([
      text,
      text,
      `${text}${text.includes('.') ? '0' : '.0'}`,
      '5.4',
      '100',
      '1e2',
      '-3',
      '0.002',
    ]) ?? text
  )
}

function quantityText(value: TypedValue | undefined, pick: Pick): string {
  const number = numberText(value, pick)
  const {
    system = '',
    code = '',
    unit = '',
    currency,
  } = value?.type === 'Range' ? (value.value.low ?? value.value.high) : (value?.value ?? {})
  const known = currency ?? code
  return (
    pick([
      number,
      `${number}|${escaped(currency === undefined ? system : 'urn:iso:std:iso:4217')}|${escaped(known)}`,
      `${number}||${escaped(known)}`,
      `${number}||${escaped(unit)}`,
      `${number}|${escaped(system)}|`,
    ]) ?? number
  )
}

function stringForms({ parameter: { code }, value, pick }: Forming): readonly Form[] {
  const text = (): string => pick(textsOf(value()?.value ?? 'none')) ?? 'none'
  const letters = (one: string): string[] => Array.from(one)
  const begin = letters(text())
    .slice(0, pick([1, 2, 3, 4]))
    .join('')
  const middle = letters(text()).slice(1, 4).join('')
  const other = pick(['nobody', 'x', '%', '_', String.raw`\\`]) ?? 'nobody'
  const asked = [
    text(),
    begin,
    text().toUpperCase(),
    middle,
    `${escaped(text())},${escaped(text())}`,
  ]
  const escape = (one: string, at: number): string => (at === 4 ? one : escaped(one))
  return [
    ...[...asked, other].map((one, at): Form => [code, escape(one, at), '']),
    ...asked.map((one, at): Form => [`${code}:contains`, escape(one, at), ':contains']),
    ...asked.map((one, at): Form => [`${code}:exact`, escape(one, at), ':exact']),
  ].filter(([, one]) => one !== '')
}

interface Known {
  readonly system?: string | undefined
  readonly code?: string | undefined
}

function tokensIn(value: TypedValue | undefined, parameter: Parameter): readonly Known[] {
  if (value === undefined) return [{ code: 'none' }]
  if (typeof value.value !== 'object') {
    const [system] = impliedSystems(value, parameter)
    return [{ code: String(value.value), system }]
  }
  if (value.type === 'CodeableConcept') return value.value.coding ?? [{}]
  if (value.type === 'Quantity') return [{}]
  return [{ system: value.value.system, code: value.value.code ?? value.value.value }]
}

function tokenForms(forming: Forming): readonly Form[] {
  const { parameter, value, pick, rows } = forming
  const { code } = parameter
  if (code === '_id') return idForms(rows, pick)
  const token = (): { system: string; code: string; isContact: boolean } => {
    const one = value()
    const known = pick(tokensIn(one, parameter)) ?? {}
    return {
      system: escaped(known.system ?? ''),
      code: escaped(known.code ?? 'c1'),
      isContact: one?.type === 'ContactPoint',
    }
  }
  const [a, b, c, d, e, f] = [token(), token(), token(), token(), token(), token()]
  const shown = texts(value())
  return [
    [code, a.code, ''],
    [code, b.system === '' ? b.code : `${b.system}|${b.code}`, 'system|code'],
    // R4 says of no contact what its system is: the registry's own reading is that it has one.
    [code, c.isContact ? c.code : `|${c.code}`, '|code'],
    [code, d.system === '' ? d.code : `${d.system}|`, 'system|'],
    [code, `${e.code},${f.system}|${f.code}`.replace(',|', ','), 'list'],
    [code, swapCase(a.code), 'other case'],
    [`${code}:not`, a.code, ':not'],
    [`${code}:not`, `${e.code},${f.code}`, ':not list'],
    ...(shown.length > 0
      ? [[`${code}:text`, escaped((pick(shown) ?? 'x').slice(0, 5)), ':text'] as const]
      : []),
    ...ofType(forming),
    ...ofValueSet(forming),
  ]
}

function swapCase(text: string): string {
  return text === text.toUpperCase() ? text.toLowerCase() : text.toUpperCase()
}

function texts(value: TypedValue | undefined): readonly string[] {
  if (typeof value?.value !== 'object') return []
  const { text, display, type, coding = [] } = value.value
  return [text, display, type?.text, ...coding.map((one: any) => one.display)].filter(
    (one) => typeof one === 'string',
  )
}

/** Of this project's parameters, which pick identifiers by their type themselves, nobody asks it. */
function ofType({ parameter, value }: Forming): readonly Form[] {
  const one = value()
  const type = one?.type === 'Identifier' ? one.value.type?.coding?.[0] : undefined
  if (type === undefined || parameter.url.startsWith('https://samsyn.no/')) return []
  const asked = [type.system ?? '', type.code, one?.value.value ?? 'none'].map(escaped).join('|')
  return [[`${parameter.code}:of-type`, asked, ':of-type']]
}

/** Of those that are listed by their systems whole or code by code. */
function ofValueSet({ parameter, value }: Forming): readonly Form[] {
  const one = value()
  const valueSet = one && boundValueSet(one)?.split('|')[0]
  if (valueSet === undefined || codingsOf(valueSet).size === 0) return []
  return ['in', 'not-in'].map((modifier) => [
    `${parameter.code}:${modifier}`,
    valueSet,
    `:${modifier}`,
  ])
}

function idForms(rows: readonly Row[], pick: Pick): readonly Form[] {
  const id = (): string => pick(rows)?.id ?? 'none'
  return [
    ['_id', id(), ''],
    ['_id', `${id()},${id()},none`, 'list'],
    ['_id:not', id(), ':not'],
  ]
}

function referenceForms(forming: Forming): readonly Form[] {
  const { parameter, value } = forming
  const { code } = parameter
  const [text, other] = [referenceIn(value()), referenceIn(value())]
  const identifier = value()?.value.identifier ?? { value: '1' }
  const isLiteral = /^[A-Z]\w+\/[\w.-]+$/.test(text)
  return [
    [code, escaped(text), isLiteral ? 'Type/id' : 'url'],
    [code, `${escaped(text)},${escaped(other)}`, 'list'],
    ...(isLiteral ? literalForms(text, forming) : []),
    [`${code}:identifier`, identifierText(identifier), ':identifier'],
  ]
}

function referenceIn(value: TypedValue | undefined): string {
  const one = value?.value
  const text: unknown = typeof one === 'string' ? one : one?.reference
  const isThere = typeof text === 'string' && !text.startsWith('#')
  return isThere ? text.replace(/\/_history\/.*/, '') : 'Patient/patient-1'
}

function literalForms(text: string, { parameter, pick, base }: Forming): readonly Form[] {
  const { code, target = [] } = parameter
  const [type = '', id = ''] = text.split('/')
  const other = pick(target.filter((one) => LINKED_TYPES.includes(one)))
  const typed = [target.includes(type) ? type : undefined, other].filter((one) => one !== undefined)
  return [
    [code, `${base}/${text}`, 'own url'],
    [code, id, 'id'],
    ...typed.flatMap((one): Form[] => [
      [`${code}:${one}`, id, ':Type'],
      [`${code}:${one}`, text, ':Type'],
    ]),
  ]
}

function identifierText({ system, value = '1' }: { system?: string; value?: string }): string {
  return system === undefined ? escaped(value) : `${escaped(system)}|${escaped(value)}`
}

function uriForms({ parameter: { code }, value, pick }: Forming): readonly Form[] {
  const url = (): string => String(value()?.value ?? 'http://example.org/none')
  const [above, below] = [`${url().split('|')[0] ?? ''}/x`, url().split('/').slice(0, -1).join('/')]
  return [
    [code, escaped(url()), ''],
    [code, escaped(url().split('|')[0] ?? ''), ''],
    [code, `${escaped(url())},${escaped(url())}`, 'list'],
    [code, url().toUpperCase().replaceAll('|', ''), 'other case'],
    [`${code}:above`, pick([above, url().split('|')[0] ?? '']) ?? above, ':above'],
    // Of profiles and sources there is nothing below.
    ...(code.startsWith('_') || below === ''
      ? []
      : ([
          [`${code}:below`, below, ':below'],
          [`${code}:below`, url().split('|')[0] ?? below, ':below'],
        ] as const)),
  ]
}

function compositeForms({ parameter, pick, base, rows }: Forming): readonly Form[] {
  const { code, component = [] } = parameter
  const known = rows.flatMap((row) =>
    valuesOf(parameter, row.resource).map((context) => ({ row, context })),
  )
  const tuple = (): string => {
    const whole = known.filter(({ row, context }) =>
      component.every(
        ({ expression }) => componentValues(context, expression, row.resource).length > 0,
      ),
    )
    const one = pick(whole)
    return component
      .map(({ definition, expression }) => {
        const values =
          one === undefined ? [] : componentValues(one.context, expression, one.row.resource)
        const meant = { ...parameterAt(definition), code: 'part' }
        const forming = { parameter: meant, value: () => pick(values), rows: [], pick, base }
        const forms = FORMS[meant.type](forming).filter(
          ([name, text]) => name === 'part' && !text.includes(',') && text !== '',
        )
        return pick(forms)?.[1] ?? 'none'
      })
      .join('$')
  }
  return Array.from({ length: 6 }, (): Form => [code, tuple(), '$']).concat([
    [code, `${tuple()},${tuple()}`, '$ list'],
  ])
}
