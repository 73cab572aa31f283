/** Where each operation is asked for (R4 operations, section 3.2.0.1). */
import type { Router } from 'express'
import type { Operation } from './operations/operation.ts'

export function mountOperations(router: Router, operations: readonly Operation[]): void {
  for (const operation of operations) {
    for (const path of pathsOf(operation)) {
      for (const method of operation.methods) {
        if (method === 'GET') router.get(path, operation.handle)
        else router.post(path, operation.handle)
      }
    }
  }
}

/** The type is in the path as itself, so that no other type's name leads here; `req.params` has it all the same. */
function pathsOf({ name, level, types = [] }: Operation): readonly (string | RegExp)[] {
  const operation = `\\$${name}`
  if (level === 'system') return [new RegExp(`^/${operation}$`)]
  const names = types.join('|')
  return [
    level === 'type'
      ? new RegExp(`^/(?<type>${names})/${operation}$`)
      : new RegExp(`^/(?<type>${names})/(?<id>[A-Za-z0-9.-]{1,64})/${operation}$`),
  ]
}
