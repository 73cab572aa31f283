/**
 * The object-store port: landing files of Part 10 objects laid back to back (architecture.md idea 3).
 * A landing is invisible until `commit` has made its bytes durable; the database row that names it
 * makes it exist. What a crash leaves without a row is swept, at start and from time to time.
 */

export interface Landing {
  /** Identifies the landing file; the key of table `landing`. */
  readonly id: string
  /** Where the next byte goes. */
  readonly position: number
  /** Resolves when the bytes are handed to the operating system: the caller may reuse the buffer. */
  write(chunk: Uint8Array): Promise<void>
  /** Forgets everything after `position`: a part that was refused. */
  rewind(position: number): Promise<void>
  /** Makes file and folder entry durable. Nothing may be written afterwards. */
  commit(): Promise<void>
  /** Removes the file. Safe to call at any time, also after a failed `commit`. */
  abort(): Promise<void>
}

export interface ObjectStore {
  createLanding(): Promise<Landing>
  /**
   * Reads `length` bytes at `offset` into `buffer` (from its start); returns how many were read,
   * fewer only at the end of the file. Throws where the landing is not there.
   */
  read(landing: string, offset: number, length: number, buffer: Uint8Array): Promise<number>
  /** Deletes a landing file that no row names any more; one that is not there is as good as deleted. */
  remove(landing: string): Promise<void>
  /** Deletes landing files that `isKnown` does not know and that no running request is writing. */
  sweep(isKnown: (ids: readonly string[]) => Promise<ReadonlySet<string>>): Promise<number>
  /** Proves the store can be written and read; throws with what to fix. For /readyz and doctor. */
  check(): Promise<void>
  close(): Promise<void>
}
