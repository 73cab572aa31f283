/** In which form a caller takes instances: media type and transfer syntax (PS3.18 sections 8.7.3 and 8.7.8). */
import { HubError } from '../../kernel/errors.ts'
import { type MediaRange, parseAccept } from '../../wire/media-type.ts'

export interface InstanceFormat {
  readonly kind: 'multipart' | 'single'
  readonly accepts: (transferSyntax: string) => boolean
}

const EXPLICIT_LITTLE_ENDIAN = '1.2.840.10008.1.2.1'

/** Held in one of these, an object has no uncompressed form to fall back on (PS3.18 section 8.7.3.5.2). */
const LOSSY = new Set([
  '1.2.840.10008.1.2.4.50',
  '1.2.840.10008.1.2.4.51',
  '1.2.840.10008.1.2.4.81',
  '1.2.840.10008.1.2.4.91',
  '1.2.840.10008.1.2.4.93',
  '1.2.840.10008.1.2.4.203',
])
const VIDEO = /^1\.2\.840\.10008\.1\.2\.4\.10[0-8](\.1)?$/

/**
 * The forms the header admits, in the caller's order; never empty. `single` is whether the resource is one
 * instance, which alone may come without multipart (section 10.4.4). No header admits everything: browsers
 * and curl. Throws `not-acceptable`.
 */
export function negotiateInstances(
  accept: string | undefined,
  single: boolean,
): readonly InstanceFormat[] {
  const wanted = new Map<InstanceFormat['kind'], string[]>()
  for (const range of parseAccept(accept ?? '*/*')) {
    const kind = kindOf(range, single)
    if (kind === undefined) continue
    wanted.set(kind, [...(wanted.get(kind) ?? []), transferSyntaxOf(range)])
  }
  if (wanted.size === 0) throw notOffered(single)
  return [...wanted].map(([kind, syntaxes]) => ({ kind, accepts: acceptor(new Set(syntaxes)) }))
}

function kindOf(
  { type, parameters }: MediaRange,
  single: boolean,
): InstanceFormat['kind'] | undefined {
  const partType = parameters.get('type')?.toLowerCase() ?? 'application/dicom'
  if (type === '*/*' || type === 'multipart/*') return 'multipart'
  if (type === 'multipart/related' && partType === 'application/dicom') return 'multipart'
  return single && (type === 'application/dicom' || type === 'application/*') ? 'single' : undefined
}

function transferSyntaxOf({ type, parameters }: MediaRange): string {
  return parameters.get('transfer-syntax') ?? (type.endsWith('/*') ? '*' : 'default')
}

function acceptor(wanted: ReadonlySet<string>): (transferSyntax: string) => boolean {
  return (held) => {
    if (wanted.has('*') || wanted.has(held)) return true
    if (!wanted.has('default')) return false
    return held === EXPLICIT_LITTLE_ENDIAN || LOSSY.has(held) || VIDEO.test(held)
  }
}

function notOffered(single: boolean): HubError {
  const also = single ? ' or application/dicom' : ''
  return new HubError(
    'not-acceptable',
    `Instances are offered as multipart/related; type="application/dicom"${also}`,
  )
}
