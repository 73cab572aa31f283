/** Pages in bytes as well as in rows: what one answer holds in memory is bounded however large each resource is. */

/** A page ends with the row that reaches it, so that there is always one. */
export const PAGE_BYTES = 4 * 1024 * 1024

interface Sizing {
  /** Columns of the statement that put its rows in an order of their own. */
  readonly orderBy: string
  /** Placeholder of the bytes. */
  readonly bytes: string
}

/**
 * The rows of `statement` until their `content` has so many bytes; with each how many stand `ahead` of it, and how
 * many rows there would be (`among`). The sizes are known without reading the texts.
 */
export function withinBytes(statement: string, { orderBy, bytes }: Sizing): string {
  return `select * from (
    select page.*, sum(coalesce(octet_length(content), 0)) over (order by ${orderBy} rows unbounded preceding)
      - coalesce(octet_length(content), 0) as ahead, count(*) over () as among
    from (${statement}) as page) as sized
  where ahead < ${bytes} order by ${orderBy}`
}

/**
 * The usual page is small: its statement costs nothing more where each row has no more than its share of the bytes.
 * `column` is null for a larger one, and the page is to be asked for by `withinBytes`.
 */
export function withinShare(column: string, share: string): string {
  return `case when octet_length(${column}) <= ${share}::int then ${column} end`
}

/** Of so few rows none is larger than its share but for documents. */
export const FEW_ROWS = 64

export interface SizedRow {
  readonly content: string | null
  /** These two of `withinBytes` alone. */
  readonly ahead?: number
  readonly among?: number
}

/** Whether there were more rows than the bytes have let through. */
export function isCut(rows: readonly SizedRow[]): boolean {
  return rows.length < (rows[0]?.among ?? 0)
}

export function bytesOf(rows: readonly SizedRow[]): number {
  return rows.reduce((sum, { content }) => sum + Buffer.byteLength(content ?? ''), 0)
}
