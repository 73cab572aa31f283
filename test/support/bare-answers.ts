/** What the bare peer of a bench is told: the statements that stand behind each request. */
export interface BareAnswers {
  readonly databaseUrl: string
  /** By `x-caller` and URL, with a space between them. */
  readonly answers: Readonly<Record<string, BareAnswer>>
}

export interface BareAnswer {
  readonly statements: readonly BareStatement[]
  /** Rows of a page, which come as a Bundle; absent where one resource is the answer. */
  readonly count?: number | undefined
}

export interface BareStatement {
  /** Under which it is kept prepared. */
  readonly name?: string | undefined
  readonly text: string
  readonly values: unknown[]
}
