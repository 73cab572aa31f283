/** COPY … FROM STDIN over a client of pg, which has the messages for it but no call. */
import type pg from 'pg'

interface Copying {
  sendCopyFromChunk(chunk: Buffer): void
  endCopyFrom(): void
}

/** What a client calls on the query that is under way. */
interface Handlers {
  handleCopyInResponse(connection: object): void
  handleError(error: Error): void
  handleReadyForQuery(): void
  handleCommandComplete(): void
  handleRowDescription(): void
}

function isCopying(connection: object): connection is Copying {
  return 'sendCopyFromChunk' in connection && 'endCopyFrom' in connection
}

/** `lines` are rows in COPY's text format, each with its newline; they are sent in one piece. */
export function copyIn(client: pg.ClientBase, statement: string, lines: string): Promise<void> {
  return new Promise((resolve, reject) => {
    let failure: Error | undefined
    const copying: pg.Submittable & Handlers = {
      submit(connection: pg.Connection) {
        connection.query(statement)
      },
      handleCopyInResponse(connection: object) {
        if (!isCopying(connection)) throw new Error('This version of pg copies in another way')
        connection.sendCopyFromChunk(Buffer.from(lines))
        connection.endCopyFrom()
      },
      handleError(error: Error) {
        failure = error
        reject(error)
      },
      handleReadyForQuery() {
        if (failure === undefined) resolve()
      },
      handleCommandComplete: () => undefined,
      handleRowDescription: () => undefined,
    }
    client.query(copying)
  })
}

/** A value of COPY's text format: null is told from the text. */
export function copyValue(value: string | null): string {
  if (value === null) return '\\N'
  return value.replaceAll(/[\\\n\r\t]/g, (one) => ESCAPES[one] ?? one)
}

const ESCAPES: Readonly<Record<string, string>> = {
  '\\': '\\\\',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
}
