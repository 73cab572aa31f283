/** Where each operation is asked for (R4 operations, section 3.2.0.1). */
import { Router } from 'express'
import type { Operation } from './operations/operation.ts'

export function mountOperations(router: Router, operations: readonly Operation[]): void {
  const own = Router({ caseSensitive: true })
  for (const operation of operations)
    for (const path of pathsOf(operation)) mount(own, path, operation)
  // Most requests ask for none, and would be held against each of the patterns.
  router.use((req, res, next) => {
    if (req.path.includes('$')) own(req, res, next)
    else next()
  })
}

function mount(router: Router, path: RegExp, { methods, handle }: Operation): void {
  if (methods.includes('GET')) router.get(path, handle)
  if (methods.includes('POST')) router.post(path, handle)
}

/** The type is in the path as itself, so that no other type's name leads here; `req.params` has it all the same. */
function pathsOf({ name, level, types = [] }: Operation): readonly RegExp[] {
  const operation = `\\$${name}`
  if (level === 'system') return [new RegExp(`^/${operation}$`)]
  const names = types.join('|')
  return [
    level === 'type'
      ? new RegExp(`^/(?<type>${names})/${operation}$`)
      : new RegExp(`^/(?<type>${names})/(?<id>[A-Za-z0-9.-]{1,64})/${operation}$`),
  ]
}
