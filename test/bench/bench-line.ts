/** One measured figure beside its mark. */
export interface BenchLine {
  readonly name: string
  readonly mark: string
  readonly value: string
  /** CPU of the server per request, milliseconds. */
  readonly cpuMs: string
  readonly pass: boolean
}
