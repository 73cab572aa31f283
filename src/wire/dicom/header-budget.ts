/** What one header may hold: reading it takes a turn of the event loop that everyone else waits for. */
import { unreadable } from './unreadable.ts'

/** Bytes of a header, bulk data not counted. */
export const MAX_HEADER_BYTES = 4 * 1024 * 1024
/** Elements and items, at any depth; some 100 ms of work. Enhanced objects have some 60 a frame. */
const MAX_PARTS = 100_000
/** A value among many costs less than an element; a person name, which is taken apart, as much. */
const VALUES_A_PART = 8

export class HeaderBudget {
  #parts = 0

  /** Throws `unprocessable`, reason `too-complex`, when the header has more than it may. */
  spend(parts: number): void {
    this.#parts += parts
    if (this.#parts > MAX_PARTS)
      throw unreadable('too-complex', `its header has more than ${MAX_PARTS} elements and items`)
  }

  /** Before `count` values of one element are read. */
  spendOnValues(vr: string, count: number): void {
    this.spend(vr === 'PN' ? count : count / VALUES_A_PART)
  }
}
