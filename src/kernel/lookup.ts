/**
 * What `table` itself has under `name`, which may be a caller's text: every object inherits `constructor`,
 * `toString` and more, and none of these is an entry of a table.
 */
export function lookup<Value>(
  table: Readonly<Record<string, Value>>,
  name: string,
): Value | undefined {
  return Object.hasOwn(table, name) ? table[name] : undefined
}
