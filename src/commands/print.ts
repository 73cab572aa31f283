/** What commands print: JSON for programs, aligned columns for people. */

export function printJson(value: unknown): void {
  console.log(JSON.stringify(value, null, 2))
}

/** One line per row under a line of headings; nothing but a remark where there is no row. */
export function printTable(
  headings: readonly string[],
  rows: readonly (readonly string[])[],
): void {
  if (rows.length === 0) {
    console.log('none')
    return
  }
  const lines = [headings, ...rows]
  const widths = headings.map((_, column) =>
    Math.max(...lines.map((line) => (line[column] ?? '').length)),
  )
  for (const line of lines) {
    const cells = line.map((cell, column) => cell.padEnd(widths[column] ?? 0))
    console.log(cells.join('  ').trimEnd())
  }
}
