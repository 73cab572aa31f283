/** Reading multipart answers in tests. */
import { parseMediaType } from '../../src/wire/media-type.ts'
import { readMultipart } from '../../src/wire/multipart/read-multipart.ts'

export interface ReadPart {
  readonly headers: ReadonlyMap<string, string>
  readonly body: Buffer
}

/** Rejects where the answer is cut short. */
export async function partsOf(response: Response): Promise<readonly ReadPart[]> {
  const boundary = parseMediaType(response.headers.get('content-type') ?? '')?.parameters.get(
    'boundary',
  )
  if (boundary === undefined || response.body === null) throw new Error('Not a multipart answer')
  const parts: ReadPart[] = []
  for await (const { headers, body } of readMultipart(response.body, boundary)) {
    const chunks: Uint8Array[] = []
    for await (const chunk of body) chunks.push(Uint8Array.from(chunk))
    parts.push({ headers, body: Buffer.concat(chunks) })
  }
  return parts
}
