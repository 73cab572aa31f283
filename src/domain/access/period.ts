/** A stretch of time, half open: `until` itself is outside. */
export interface Period {
  readonly from?: Date | undefined
  readonly until?: Date | undefined
}

export function isDuring(time: Date, { from, until }: Period): boolean {
  return (from === undefined || time >= from) && (until === undefined || time < until)
}
