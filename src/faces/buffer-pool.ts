/**
 * Buffers that are read into and written from again and again: a fresh one per read costs half the CPU in
 * collecting them.
 */
export interface BufferPool {
  readonly size: number
  take(): Buffer
  /** Only what nothing refers to any more. */
  give(buffer: Buffer): void
}

/** `kept` buffers at most wait for use; more are made while more are needed. */
export function makeBufferPool(size: number, kept: number): BufferPool {
  const idle: Buffer[] = []
  return {
    size,
    take: () => idle.pop() ?? Buffer.allocUnsafeSlow(size),
    give(buffer) {
      if (idle.length < kept) idle.push(buffer)
    },
  }
}
