/** Whether two accounts of a person can be of one person: missing data never contradicts. */
import { foldText } from './fold-text.ts'

export interface PersonName {
  readonly family?: string | undefined
  readonly given?: string | undefined
}

export interface Demographics {
  /** YYYY-MM-DD */
  readonly birthDate?: string | undefined
  /** All names the person is known by; any of them will do. */
  readonly names: readonly PersonName[]
}

export function contradicts(one: Demographics, other: Demographics): boolean {
  return birthDatesDiffer(one, other) || namesDiffer(one.names, other.names)
}

function birthDatesDiffer(one: Demographics, other: Demographics): boolean {
  return (
    one.birthDate !== undefined &&
    other.birthDate !== undefined &&
    one.birthDate !== other.birthDate
  )
}

function namesDiffer(some: readonly PersonName[], others: readonly PersonName[]): boolean {
  const ones = some.map(wordsOf).filter((words) => words.length > 0)
  const twos = others.map(wordsOf).filter((words) => words.length > 0)
  if (ones.length === 0 || twos.length === 0) return false
  return !ones.some((one) => twos.some((two) => canBeOneName(one, two)))
}

function wordsOf({ family = '', given = '' }: PersonName): readonly string[] {
  return foldText(`${given} ${family}`)
    .split(' ')
    .filter((word) => word !== '')
}

/**
 * Every word of the shorter name is a word of the longer one, in any order: middle names and double
 * surnames come and go. An initial stands for a word, and words may be run together.
 */
function canBeOneName(one: readonly string[], two: readonly string[]): boolean {
  if (one.join('') === two.join('')) return true
  const [shorter, longer] = one.length <= two.length ? [one, two] : [two, one]
  const left = [...longer]
  // Whole words first, so that an initial does not take the place of one.
  const unmatched = shorter.filter((word) => !take(left, (other) => other === word))
  return unmatched.every((word) => take(left, (other) => isInitialOf(word, other)))
}

/** Removes the first word that fits; false where none does. */
function take(words: string[], fits: (word: string) => boolean): boolean {
  const at = words.findIndex(fits)
  if (at >= 0) words.splice(at, 1)
  return at >= 0
}

function isInitialOf(one: string, other: string): boolean {
  const [shorter, longer] = one.length <= other.length ? [one, other] : [other, one]
  return shorter.length === 1 && longer.startsWith(shorter)
}
