/** A Parameters body as the pairs that a query string would have had (R4 operations, section 3.2.0.3). */
import { HubError } from '../../kernel/errors.ts'
import { numberText } from './exact-json.ts'
import { isJsonObject, listOf, textOf, type JsonObject } from './json.ts'
import type { QueryPair } from './search.ts'

/**
 * Primitive values as text, references as what they refer to. Throws `invalid` where the body is no Parameters,
 * or a parameter has a value that is neither.
 */
export function parameterPairs(body: JsonObject): readonly QueryPair[] {
  if (body.resourceType !== 'Parameters')
    throw new HubError('invalid', 'Send the parameters of the operation as a Parameters resource')
  return listOf(body.parameter).map((one, index) => {
    const pair = isJsonObject(one) ? pairOf(one) : undefined
    if (pair !== undefined) return pair
    const location = `Parameters.parameter[${index}]`
    const problems = [{ location, text: 'A name with a primitive value, or with a reference' }]
    throw new HubError('invalid', 'The parameters could not be understood', { problems })
  })
}

function pairOf(parameter: JsonObject): QueryPair | undefined {
  const name = textOf(parameter.name)
  const [value, ...more] = Object.entries(parameter).filter(([key]) => key.startsWith('value'))
  if (name === undefined || value === undefined || more.length > 0) return undefined
  const text = valueText(value[1])
  return text === undefined ? undefined : [name, text]
}

function valueText(value: unknown): string | undefined {
  if (typeof value === 'boolean') return String(value)
  if (isJsonObject(value)) return textOf(value.reference)
  return textOf(value) ?? numberText(value)
}
