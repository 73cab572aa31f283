/** Newline-delimited JSON (Bulk Data Access, section "Output"). */

/** A line of a stored resource's text; line ends between its tokens, where there are any, become spaces. */
export function ndjsonLine(text: string): string {
  return `${/[\r\n]/.test(text) ? text.replaceAll(/[\r\n]+/g, ' ') : text}\n`
}
