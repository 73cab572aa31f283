/** A bounded cache of what is loaded by key, safe against changes that overtake a load. */
import { LRUCache } from 'lru-cache'

export interface LoadCache<Key extends string, Value> {
  get(key: Key): Promise<Value>
  forget(key: string): void
  forgetAll(): void
}

/**
 * Keeps the promise rather than the value: a load that a change overtakes is forgotten with its promise
 * and can never put back what it read before. Failures and absences are not kept.
 */
export function makeLoadCache<Key extends string, Value>(
  max: number,
  load: (key: Key) => Promise<Value>,
): LoadCache<Key, Value> {
  const loads = new LRUCache<string, Promise<Value>>({ max })

  function start(key: Key): Promise<Value> {
    const loading = load(key)
    const forget = (): void => {
      if (loads.peek(key) === loading) loads.delete(key)
    }
    loads.set(key, loading)
    loading.then((value) => {
      if (value === undefined) forget()
    }, forget)
    return loading
  }

  return {
    get: (key) => loads.get(key) ?? start(key),
    forget: (key) => loads.delete(key),
    forgetAll: () => {
      loads.clear()
    },
  }
}
