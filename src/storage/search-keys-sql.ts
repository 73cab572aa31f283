/** Looking keys up by their hashes (migration 0007, `search_key`). */

/** Pushes a value onto a statement's parameters and returns its placeholder. */
export type Push = (value: unknown) => string

/** Up to so many keys are hashed one by one, which costs nothing where a prepared plan does it for each row. */
const FEW = 8

/** The row has one of the keys. */
export function keysSql(alias: string, keys: readonly string[], push: Push): string {
  return `${alias}.keys && ${hashedKeys(keys, push)}`
}

/** `bigint[]` of the keys' hashes. */
export function hashedKeys(keys: readonly string[], push: Push): string {
  if (keys.length > FEW) return `search_keys(${push(keys)}::text[])`
  return `array[${keys.map((key) => `search_key(${push(key)}::text)`).join(', ')}]::bigint[]`
}
