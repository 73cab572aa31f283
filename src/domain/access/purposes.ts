/** Purposes of use imply one another: v3-ActReason places each under the wider one that holds it. */
import { lookup } from '../../kernel/lookup.ts'

const WIDER: Readonly<Record<string, string>> = {
  ETREAT: 'TREAT',
  COC: 'TREAT',
  CAREMGT: 'TREAT',
  BTG: 'ETREAT',
}

/** Whether a purpose that is `asked` for falls under one that is `named`. */
export function purposeCovers(named: string, asked: string): boolean {
  if (named === asked) return true
  const wider = lookup(WIDER, asked)
  return wider !== undefined && purposeCovers(named, wider)
}
