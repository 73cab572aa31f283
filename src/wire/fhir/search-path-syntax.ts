/**
 * The part of FHIRPath that search parameters are written in (R4 SearchParameter.expression): paths, unions,
 * `where`, `ofType` and `as`, `resolve() is T`, `exists`, `extension`, `=`, `!=` and `and`.
 */

export type PathStep =
  | { readonly kind: 'property'; readonly name: string }
  /** `x.ofType(T)`, `x as T`: what JSON calls `xT`. */
  | { readonly kind: 'of-type'; readonly type: string }
  | { readonly kind: 'where'; readonly condition: PathExpression }
  | { readonly kind: 'extension'; readonly url: string }
  | { readonly kind: 'index'; readonly at: number }
  | { readonly kind: 'exists' }
  | { readonly kind: 'resolve' }

export type PathExpression =
  | { readonly kind: 'union'; readonly of: readonly PathExpression[] }
  | { readonly kind: 'and'; readonly of: readonly PathExpression[] }
  | { readonly kind: 'compare'; readonly equal: boolean; readonly sides: Sides }
  | { readonly kind: 'is'; readonly of: PathExpression; readonly type: string }
  | { readonly kind: 'literal'; readonly value: string | boolean }
  | {
      readonly kind: 'path'
      readonly start: PathStart
      /** The type of the context, where the path begins with it. */
      readonly type?: string | undefined
      readonly steps: readonly PathStep[]
    }

type Sides = readonly [PathExpression, PathExpression]

/** `root` is `%resource`; `context` is what the expression is asked of. */
type PathStart = 'context' | 'root' | PathExpression

/** Undefined for what is beyond this part of the language. */
export function readPath(text: string): PathExpression | undefined {
  const tokens = tokensOf(text)
  if (tokens === undefined) return undefined
  const reader = makeReader(tokens)
  const expression = readUnion(reader)
  return reader.peek() === undefined ? expression : undefined
}

const TOKEN = /\s*(?:%?[A-Za-z_]\w*|'[^'\\]*'|\d+|!=|[().|=[\]])/y

function tokensOf(text: string): readonly string[] | undefined {
  const tokens: string[] = []
  for (let at = 0; at < text.trimEnd().length;) {
    TOKEN.lastIndex = at
    const match = TOKEN.exec(text)
    if (match === null) return undefined
    tokens.push(match[0].trim())
    at = TOKEN.lastIndex
  }
  return tokens
}

interface Reader {
  peek(): string | undefined
  next(): string | undefined
  /** Takes the token where it is the next one. */
  take(token: string): boolean
}

function makeReader(tokens: readonly string[]): Reader {
  let at = 0
  return {
    peek: () => tokens[at],
    next: () => tokens[at++],
    take(token) {
      if (tokens[at] !== token) return false
      at++
      return true
    },
  }
}

function readUnion(reader: Reader): PathExpression | undefined {
  return readSeries(reader, { separator: '|', kind: 'union', read: readAnd })
}

function readAnd(reader: Reader): PathExpression | undefined {
  return readSeries(reader, { separator: 'and', kind: 'and', read: readComparison })
}

interface Series {
  readonly separator: string
  readonly kind: 'union' | 'and'
  readonly read: (reader: Reader) => PathExpression | undefined
}

function readSeries(reader: Reader, { separator, kind, read }: Series): PathExpression | undefined {
  const of: PathExpression[] = []
  do {
    const one = read(reader)
    if (one === undefined) return undefined
    of.push(one)
  } while (reader.take(separator))
  return of.length === 1 ? of[0] : { kind, of }
}

function readComparison(reader: Reader): PathExpression | undefined {
  const left = readTerm(reader)
  if (left === undefined) return undefined
  if (reader.take('is')) return { kind: 'is', of: left, type: reader.next() ?? '' }
  const operator = reader.peek()
  if (operator !== '=' && operator !== '!=') return left
  reader.next()
  const right = readTerm(reader)
  return right && { kind: 'compare', equal: operator === '=', sides: [left, right] }
}

function readTerm(reader: Reader): PathExpression | undefined {
  const token = reader.peek()
  if (token?.startsWith("'") === true) return literal(reader, token.slice(1, -1))
  if (token === 'true' || token === 'false') return literal(reader, token === 'true')
  const start = readStart(reader)
  return start && readSteps(reader, start)
}

function literal(reader: Reader, value: string | boolean): PathExpression {
  reader.next()
  return { kind: 'literal', value }
}

interface Beginning {
  readonly start: PathStart
  readonly type?: string | undefined
  readonly steps: PathStep[]
}

function readStart(reader: Reader): Beginning | undefined {
  if (reader.take('(')) {
    const inner = readUnion(reader)
    return inner && reader.take(')') ? { start: inner, steps: [] } : undefined
  }
  if (reader.take('%resource')) return { start: 'root', steps: [] }
  if (/^[A-Z]\w*$/.test(reader.peek() ?? '')) {
    return { start: 'context', type: reader.next(), steps: [] }
  }
  const first = readStep(reader)
  return first && { start: 'context', steps: [first] }
}

function readSteps(reader: Reader, { start, type, steps }: Beginning): PathExpression | undefined {
  for (;;) {
    const step = nextStep(reader)
    if (step === 'none') return { kind: 'path', start, type, steps }
    if (step === undefined) return undefined
    steps.push(step)
  }
}

function nextStep(reader: Reader): PathStep | 'none' | undefined {
  if (reader.take('.')) return readStep(reader)
  if (reader.take('as')) return { kind: 'of-type', type: reader.next() ?? '' }
  if (!reader.take('[')) return 'none'
  const at = Number(reader.next())
  return Number.isInteger(at) && reader.take(']') ? { kind: 'index', at } : undefined
}

function readStep(reader: Reader): PathStep | undefined {
  const name = reader.next()
  if (name === undefined || !/^[a-z]\w*$/i.test(name)) return undefined
  if (!reader.take('(')) return { kind: 'property', name }
  const step = readCall(reader, name)
  return step && reader.take(')') ? step : undefined
}

function readCall(reader: Reader, name: string): PathStep | undefined {
  switch (name) {
    case 'ofType':
    case 'as':
      return { kind: 'of-type', type: reader.next() ?? '' }
    case 'where': {
      const condition = readAnd(reader)
      return condition && { kind: 'where', condition }
    }
    case 'extension': {
      const url = reader.next()
      return url?.startsWith("'") === true
        ? { kind: 'extension', url: url.slice(1, -1) }
        : undefined
    }
    case 'exists':
    case 'resolve':
      return { kind: name }
    default:
      return undefined
  }
}

/** The part of a union that is about this type; undefined where none is. */
export function aboutType(expression: PathExpression, type: string): PathExpression | undefined {
  if (expression.kind === 'union') {
    const of = expression.of.flatMap((one) => aboutType(one, type) ?? [])
    return of.length > 1 ? { kind: 'union', of } : of[0]
  }
  const named = typeOf(expression)
  return named === undefined || named === type || ABSTRACT.has(named) ? expression : undefined
}

const ABSTRACT = new Set(['Resource', 'DomainResource'])

function typeOf(expression: PathExpression): string | undefined {
  switch (expression.kind) {
    case 'union':
    case 'and':
      return expression.of.map(typeOf).find((type) => type !== undefined)
    case 'compare':
      return typeOf(expression.sides[0])
    case 'is':
      return typeOf(expression.of)
    case 'literal':
      return undefined
    case 'path':
      return typeof expression.start === 'string' ? expression.type : typeOf(expression.start)
  }
}
