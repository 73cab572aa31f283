/** $ihe-pix in Parameters: what is asked by POST, and what is answered (PIXm 2:3.83.4). */
import { HubError, type Problem } from '../../kernel/errors.ts'
import { listOf, textOf, type JsonObject } from './json.ts'
import { parametersOf } from './match-request.ts'
import { parseToken, unescape } from './search-text.ts'

export interface PixQuestion {
  readonly source: { readonly system: string; readonly value: string }
  readonly targets: readonly string[]
}

const KNOWN: ReadonlySet<string> = new Set(['sourceIdentifier', 'targetSystem', '_format'])
const MOST_TARGETS = 50

/** The pairs of a query, or of a form. Throws `invalid` with every problem. */
export function pixQuestion(pairs: readonly (readonly [string, string])[]): PixQuestion {
  const problems: Problem[] = pairs
    .filter(([name]) => !KNOWN.has(name) && !name.startsWith('_'))
    .map(([name]) => ({ location: name.slice(0, 64), text: 'Is no parameter of the operation' }))
  const valuesOf = (wanted: string): readonly string[] =>
    pairs.filter(([name]) => name === wanted).map(([, value]) => value)
  const [text = '', ...others] = valuesOf('sourceIdentifier')
  const { system = '', value = '' } = parseToken(text)
  if (others.length > 0 || system === '' || value === '')
    problems.push({ location: 'sourceIdentifier', text: 'Is to be one system|value' })
  const targets = valuesOf('targetSystem').map((target) => unescape(target).replace(/\|$/, ''))
  if (targets.length > MOST_TARGETS || targets.includes(''))
    problems.push({ location: 'targetSystem', text: 'Is to be the URI of a domain' })
  if (problems.length > 0)
    throw new HubError('invalid', 'The parameters of $ihe-pix are not valid', { problems })
  return { source: { system, value }, targets }
}

/** The same as a Parameters resource: values are strings, tokens and uris alike. */
export function pairsOfParameters(body: JsonObject): readonly (readonly [string, string])[] {
  if (body.resourceType !== 'Parameters')
    throw new HubError('invalid', 'POST Parameters with sourceIdentifier and targetSystem')
  const problems: Problem[] = []
  const pairs = [...parametersOf(body, problems, KNOWN)].flatMap(([name, all]) =>
    all.map((one): readonly [string, string] => [
      name,
      listOf(one.valueString ?? one.valueUri)
        .map((text) => textOf(text) ?? '')
        .join(''),
    ]),
  )
  if (problems.length > 0)
    throw new HubError('invalid', 'The parameters of $ihe-pix are not valid', { problems })
  return pairs
}

export interface PixIdentifier {
  readonly system: string
  readonly value: string
  readonly custodian: string | null
  readonly assigner: string
  readonly starts: string | null
  readonly ends: string | null
}

/** 2:3.83.4.2.2.1: an Identifier with its assigner for each, and the Patient itself. */
export function pixAnswer({
  identifiers,
  patient,
}: {
  readonly identifiers: readonly PixIdentifier[]
  readonly patient?: string | undefined
}): JsonObject {
  const parameter = [
    ...identifiers.map((one) => ({ name: 'targetIdentifier', valueIdentifier: identifierOf(one) })),
    ...(patient === undefined
      ? []
      : [{ name: 'targetId', valueReference: { reference: `Patient/${patient}` } }]),
  ]
  return { resourceType: 'Parameters', ...(parameter.length > 0 && { parameter }) }
}

function identifierOf({
  system,
  value,
  custodian,
  assigner,
  starts,
  ends,
}: PixIdentifier): JsonObject {
  const period = { ...(starts !== null && { start: starts }), ...(ends !== null && { end: ends }) }
  return {
    use: ends === null ? 'official' : 'old',
    system,
    value,
    ...((starts ?? ends) !== null && { period }),
    assigner: {
      ...(custodian !== null && { reference: `Organization/${custodian}` }),
      display: assigner,
    },
  }
}

/** 2:3.83.4.2.2.2 to 2:3.83.4.2.2.4. */
export type PixFault = 'unknown-id' | 'unknown-source-domain' | 'unknown-target-domain'

const FAULTS: Readonly<Record<PixFault, readonly [code: string, text: string]>> = {
  'unknown-id': ['not-found', 'sourceIdentifier Patient Identifier not found'],
  'unknown-source-domain': ['code-invalid', 'sourceIdentifier Assigning Authority not found'],
  'unknown-target-domain': ['code-invalid', 'targetSystem not found'],
}

export function pixOutcome(fault: PixFault): JsonObject {
  const [code, diagnostics] = FAULTS[fault]
  return { resourceType: 'OperationOutcome', issue: [{ severity: 'error', code, diagnostics }] }
}
