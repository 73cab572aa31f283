/** Where a reader is in an XML document, and what it says of one that is not well-formed. */
import { HubError } from '../../kernel/errors.ts'
import { lineAndColumn, pathText } from '../element-path.ts'

/** Namespaces declared for an element; those of the elements around it are further out. */
export interface Scope {
  readonly outer: Scope | undefined
  /** By prefix; '' is the default namespace. */
  readonly declared: ReadonlyMap<string, string>
}

interface OpenElement {
  /** As written, with its prefix. */
  readonly qualifiedName: string
  readonly scope: Scope
}

export interface XmlCursor {
  readonly text: string
  at: number
  readonly open: OpenElement[]
  /** Elements and attributes so far. */
  nodes: number
  hadRoot: boolean
  /** The last start was of an empty element, whose end comes next. */
  ending: boolean
}

export function malformed({ text, at, open }: XmlCursor, said: string): HubError {
  const [root = 'Resource', ...names] = open.map(({ qualifiedName }) => qualifiedName)
  return new HubError('invalid', 'The body is not well-formed XML, or beyond the bounds', {
    problems: [{ location: pathText(root, names), text: `${lineAndColumn(text, at)}: ${said}` }],
  })
}

export function take(cursor: XmlCursor, character: string): boolean {
  if (cursor.text[cursor.at] !== character) return false
  cursor.at++
  return true
}

/** Whether there was any. */
export function skipWhitespace(cursor: XmlCursor): boolean {
  const start = cursor.at
  while (' \t\n'.includes(cursor.text[cursor.at] ?? '.')) cursor.at++
  return cursor.at > start
}
