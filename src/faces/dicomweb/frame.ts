/** What stands around each object of an answer: part headers, or nothing for a single object. */
import type { DepositedInstance } from '../../services/open-study.ts'
import { makeMultipartWriter } from '../../wire/multipart/write-multipart.ts'
import type { InstanceFormat } from './negotiate-instances.ts'
import type { Scope } from './scope.ts'
import type { DepositedPiece } from './send-deposited.ts'

export interface FramedObject {
  readonly scope: Scope
  readonly transferSyntax: string | null
  readonly length?: number | undefined
}

export interface Frame {
  readonly contentType: string
  head(object: FramedObject): Uint8Array | undefined
  close(): Uint8Array | undefined
}

/** `url` names an object to the caller: never the source's own address. */
export function makeFrame(
  kind: InstanceFormat['kind'],
  boundary: string,
  url: (scope: Scope) => string,
): Frame {
  if (kind === 'single')
    return { contentType: 'application/dicom', head: () => undefined, close: () => undefined }
  const writer = makeMultipartWriter(boundary)
  return {
    contentType: `multipart/related; type="application/dicom"; boundary=${boundary}`,
    head: ({ scope, transferSyntax, length }) =>
      writer.head({
        contentType: `application/dicom${transferSyntax === null ? '' : `; transfer-syntax=${transferSyntax}`}`,
        length,
        contentLocation: url(scope),
      }),
    close: () => writer.close(),
  }
}

export function framePieces(
  frame: Frame,
  study: Scope['study'],
  instances: readonly DepositedInstance[],
): readonly DepositedPiece[] {
  return instances.map(({ instance, series, transferSyntax, deposited }) => ({
    head: frame.head({
      scope: { study, series, instance },
      transferSyntax,
      length: deposited.bytes,
    }),
    landing: deposited.landing,
    offset: deposited.offset,
    bytes: deposited.bytes,
  }))
}

export function lengthOf(pieces: readonly DepositedPiece[], close: Uint8Array | undefined): number {
  const total = pieces.reduce((sum, { head, bytes }) => sum + (head?.length ?? 0) + bytes, 0)
  return total + (close?.length ?? 0)
}
