/** How alike two names of persons are, in steps that can be told. */
import { foldText } from './fold-text.ts'
import type { PersonName } from './demographics.ts'

/** `same`: all words; `compatible`: the words of one are among the other's, or initials of them. */
export type Likeness = 'same' | 'compatible' | 'different'

const ORDER: readonly Likeness[] = ['same', 'compatible', 'different']

/** The most alike of all pairs; undefined where either side has no such part. */
export function likestNames(
  some: readonly PersonName[],
  others: readonly PersonName[],
  part: keyof PersonName,
): Likeness | undefined {
  const ones = some.map((name) => wordsOf(name[part])).filter((words) => words.length > 0)
  const twos = others.map((name) => wordsOf(name[part])).filter((words) => words.length > 0)
  const found = new Set(ones.flatMap((one) => twos.map((two) => likeness(one, two))))
  return ORDER.find((one) => found.has(one))
}

function wordsOf(text = ''): readonly string[] {
  return foldText(text)
    .split(' ')
    .filter((word) => word !== '')
}

function likeness(one: readonly string[], two: readonly string[]): Likeness {
  if (one.join('') === two.join('') || one.toSorted().join(' ') === two.toSorted().join(' '))
    return 'same'
  const [shorter, longer] = one.length <= two.length ? [one, two] : [two, one]
  const fits = shorter.every((word) => longer.some((other) => isWordOrInitial(word, other)))
  return fits ? 'compatible' : 'different'
}

function isWordOrInitial(one: string, two: string): boolean {
  if (one === two) return true
  const [shorter, longer] = one.length <= two.length ? [one, two] : [two, one]
  return shorter.length === 1 && longer.startsWith(shorter)
}
