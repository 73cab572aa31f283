/** Composite parameters: values joined by `$`, judged together within one element (R4 search, section 3.1.1.4.13). */
import { foldText } from '../../domain/identity/fold-text.ts'
import type { Asking, Understanding } from './parse-name.ts'
import { NO_DATE, NO_NUMBER, NO_QUANTITY } from './parse-ordered.ts'
import { askedTargets } from './parse-reference.ts'
import { askedTokenKeys, keysCondition } from './parse-token.ts'
import { targetKey } from './search-keys.ts'
import { parametersOf, type SearchParameter } from './search-parameters.ts'
import {
  alternatives,
  parseDateTest,
  parseNumberTest,
  parseQuantityTest,
  splitUnescaped,
  unescape,
} from './search-text.ts'
import type { Condition, PartTest } from './search.ts'

/** A bare id of a reference may be of many types: each is an alternative of its own. */
const MAX_ALTERNATIVES = 500

export function compositeConditions(
  parameter: SearchParameter,
  value: string,
  asking: Asking,
): Understanding {
  const { code, components } = parameter
  const anyOf: (readonly PartTest[])[] = []
  const asked = alternatives(value).map((one) => splitUnescaped(one, '$'))
  for (const texts of asked) {
    if (texts.length !== components.length || texts.includes('')) {
      return `${components.length} values joined by $ make one of this parameter's`
    }
    const tests = components.map((component, part) =>
      partTests(component, texts[part] ?? '', { part, asking }),
    )
    const problem = tests.find((one) => typeof one === 'string')
    if (problem !== undefined) return problem
    anyOf.push(...combinations(tests.filter((one) => typeof one !== 'string')))
  }
  if (anyOf.length > MAX_ALTERNATIVES) return 'Name the type of a reference, as Type/id'
  if (anyOf.length === 0) return [{ kind: 'never' }]
  return [...indexable(parameter, asked, asking), { kind: 'composite', code, anyOf }]
}

/**
 * What the first component asks is asked of the parameter it is made of too: it follows, and an index answers it.
 */
function indexable(
  { components }: SearchParameter,
  asked: readonly (readonly string[])[],
  { type }: Asking,
): readonly Condition[] {
  const [first] = components
  const whole = parametersOf(type).find(({ url }) => url === first?.url)
  if (whole?.kind !== 'token') return []
  const keys = askedTokenKeys(
    whole,
    asked.map(([text = '']) => text),
  )
  return [keysCondition(keys)]
}

interface PartOf {
  readonly part: number
  readonly asking: Asking
}

/** Alternatives; a text where the value is not of the component's kind. */
function partTests(
  component: SearchParameter,
  text: string,
  { part, asking }: PartOf,
): readonly PartTest[] | string {
  switch (component.kind) {
    case 'token':
      return askedTokenKeys(component, [text]).map((key) => ({ kind: 'key', part, key }))
    case 'reference': {
      const asked = { name: { code: '' }, parameter: component }
      const targets = askedTargets(unescape(text), asked, asking.base)
      return targets.map((target) => ({ kind: 'key', part, key: targetKey('', target) }))
    }
    case 'uri':
      return [{ kind: 'key', part, key: targetKey('', unescape(text)) }]
    case 'string': {
      const begins = foldText(unescape(text))
      return begins === '' ? [] : [{ kind: 'text', part, begins }]
    }
    default:
      return measureTests(component.kind, text, part)
  }
}

function measureTests(
  kind: 'date' | 'number' | 'quantity' | 'composite',
  text: string,
  part: number,
): readonly PartTest[] | string {
  switch (kind) {
    case 'date': {
      const test = parseDateTest(text)
      return test === undefined ? NO_DATE : [{ kind, part, test }]
    }
    case 'number': {
      const test = parseNumberTest(text)
      return test === undefined ? NO_NUMBER : [{ kind, part, test }]
    }
    case 'quantity': {
      const test = parseQuantityTest(text)
      return test === undefined ? NO_QUANTITY : [{ kind, part, test }]
    }
    case 'composite':
      return []
  }
}

/** One of each; none where a part has none. */
function combinations(parts: readonly (readonly PartTest[])[]): readonly (readonly PartTest[])[] {
  return parts.reduce<readonly (readonly PartTest[])[]>(
    (all, tests) => all.flatMap((one) => tests.map((test) => [...one, test])),
    [[]],
  )
}
