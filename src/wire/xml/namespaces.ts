/** Namespaces in XML 1.0: which one a prefix stands for where it is used. */
import { malformed, type Scope, type XmlCursor } from './cursor.ts'

export interface RawAttribute {
  readonly prefix: string
  readonly name: string
  readonly value: string
}

const XML_NAMESPACE = 'http://www.w3.org/XML/1998/namespace'
const XMLNS_NAMESPACE = 'http://www.w3.org/2000/xmlns/'

export function isDeclaration({ prefix, name }: RawAttribute): boolean {
  return prefix === 'xmlns' || (prefix === '' && name === 'xmlns')
}

/** The scope of an element with these declarations. Throws where one is not allowed (sections 3 and 5). */
export function scopeOf(cursor: XmlCursor, declarations: readonly RawAttribute[]): Scope {
  const outer = cursor.open.at(-1)?.scope
  if (declarations.length === 0 && outer !== undefined) return outer
  const declared = new Map<string, string>()
  for (const declaration of declarations) {
    const prefix = declaration.prefix === '' ? '' : declaration.name
    if (declared.has(prefix)) throw malformed(cursor, 'an attribute that is there twice')
    if (!isAllowed(prefix, declaration.value)) {
      throw malformed(cursor, 'a namespace declaration that is not allowed')
    }
    declared.set(prefix, declaration.value)
  }
  return { outer, declared }
}

function isAllowed(prefix: string, uri: string): boolean {
  if (prefix === 'xml') return uri === XML_NAMESPACE
  if (prefix === 'xmlns' || uri === XML_NAMESPACE || uri === XMLNS_NAMESPACE) return false
  return prefix === '' || uri !== ''
}

/** '' where there is no default namespace. Throws where the prefix is not declared. */
export function namespaceOf(cursor: XmlCursor, innermost: Scope, prefix: string): string {
  if (prefix === 'xml') return XML_NAMESPACE
  let scope: Scope | undefined = innermost
  while (scope !== undefined) {
    const namespace = scope.declared.get(prefix)
    if (namespace !== undefined) return namespace
    scope = scope.outer
  }
  if (prefix === '') return ''
  throw malformed(cursor, 'a prefix that is not declared')
}
