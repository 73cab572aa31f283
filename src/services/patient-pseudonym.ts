/** The hub's id for the person behind a national id, the same before and after the person becomes known. */
import type { PatientId } from '../kernel/ids.ts'
import type { Sealer } from '../kernel/seal.ts'

/** A UUID of version 8 (RFC 9562 section 5.8) that tells nothing without the hub's key. */
export function patientPseudonym(
  sealer: Pick<Sealer, 'pseudonym'>,
  { system, value }: { readonly system: string; readonly value: string },
): PatientId {
  const bytes = Buffer.from(sealer.pseudonym(`${system}|${value}`, 'patient'), 'base64url')
  bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x80, 6)
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8)
  const parts = /^(.{8})(.{4})(.{4})(.{4})(.{12})$/.exec(bytes.toString('hex'))?.slice(1) ?? []
  return parts.join('-') as PatientId
}
