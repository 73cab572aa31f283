/** Delimiters and part headers of multipart/related bodies (RFC 2046 section 5.1, PS3.18 section 8.6.1.2). */

export interface PartHeader {
  /** As `application/dicom; transfer-syntax=1.2.840.10008.1.2.4.90`. */
  readonly contentType: string
  /** Bytes of the part's body. */
  readonly length?: number | undefined
  readonly contentLocation?: string | undefined
}

export interface MultipartWriter {
  /** What goes before a part's body, the end of the part before it included. */
  head(header: PartHeader): Buffer
  /** What goes after the last part's body. */
  close(): Buffer
}

/** `boundary` must not occur in a body: take it long and random, of RFC 2046 `bchars` without quotes or space. */
export function makeMultipartWriter(boundary: string): MultipartWriter {
  let lead = ''
  return {
    head(header) {
      const bytes = Buffer.from(`${lead}--${boundary}${headerLines(header)}\r\n\r\n`, 'latin1')
      lead = '\r\n'
      return bytes
    },
    close() {
      return Buffer.from(`${lead}--${boundary}--\r\n`, 'latin1')
    },
  }
}

/** Content-Length of the whole body, where every part's length is known. */
export function multipartLength(
  boundary: string,
  parts: Iterable<PartHeader & { readonly length: number }>,
): number {
  const writer = makeMultipartWriter(boundary)
  let total = 0
  for (const part of parts) total += writer.head(part).length + part.length
  return total + writer.close().length
}

function headerLines({ contentType, length, contentLocation }: PartHeader): string {
  return (
    line('Content-Type', contentType) +
    (length === undefined ? '' : line('Content-Length', String(length))) +
    (contentLocation === undefined ? '' : line('Content-Location', contentLocation))
  )
}

function line(name: string, value: string): string {
  if (!/^[\x20-\x7e]*$/.test(value))
    throw new TypeError(`${name} of a part must be printable ASCII`)
  return `\r\n${name}: ${value}`
}
