/** Security labels as the index keeps them: a bare code, or `system|code`. */

/** What a list of wanted labels asks for, laid out so that memory and SQL compare in the same way. */
export interface WantedLabels {
  /** Labels that match as they are written. */
  readonly exact: readonly string[]
  /** Codes that match under any system. */
  readonly codes: readonly string[]
}

/** A label without a system matches its code under every system, and a system's label its bare code. */
export function wantedLabels(labels: readonly string[]): WantedLabels {
  return {
    exact: [...new Set([...labels, ...labels.map(codeOf)])],
    codes: labels.filter((label) => !label.includes('|')),
  }
}

export function isWanted(label: string, wanted: WantedLabels): boolean {
  return wanted.exact.includes(label) || wanted.codes.includes(codeOf(label))
}

function codeOf(label: string): string {
  return label.slice(label.lastIndexOf('|') + 1)
}
