/** RFC 6749 section 5.2 and RFC 6750 section 3: an error description is printable ASCII without `"` and `\`. */
export function printableAscii(text: string): string {
  return text.replace(/[’"\\]/g, "'").replace(/[^\x20-\x7e]/g, '?')
}
