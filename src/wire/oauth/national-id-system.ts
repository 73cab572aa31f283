/** One system for each kind of Norwegian personal number: senders label D-numbers as either (norway.md section 4). */
const BIRTH_NUMBER = 'urn:oid:2.16.578.1.12.4.1.4.1'
const D_NUMBER = 'urn:oid:2.16.578.1.12.4.1.4.2'

/** The system of an eleven-digit number: a D-number has 4 added to its first digit. */
export function nationalIdSystem(value: string): string {
  return /^[4-7]/.test(value) ? D_NUMBER : BIRTH_NUMBER
}

/** Corrects the system of a birth or D-number; leaves every other identifier as it is. */
export function withOwnSystem(id: { readonly system: string; readonly value: string }): {
  readonly system: string
  readonly value: string
} {
  const national = id.system === BIRTH_NUMBER || id.system === D_NUMBER
  return national ? { system: nationalIdSystem(id.value), value: id.value } : id
}
