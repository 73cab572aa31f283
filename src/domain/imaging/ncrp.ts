/** Norsk kodeverk for radiologiske prosedyrer (Volven 7270): a region, a number, and what it was examined with. */

export const NCRP_SYSTEM = 'urn:oid:2.16.578.1.12.4.1.1.7270'

/** As `SJJ0AK`. What a sender calls NCRP and is none is a code of its own. */
export function isNcrpCode(code: string): boolean {
  return /^[A-Z]{3}[0-9A-Z]{3}$/.test(code)
}
