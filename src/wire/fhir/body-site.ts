/** Body Part Examined (0018,0015) as a coding: PS3.16 annex L maps its defined terms to SNOMED CT. */
import { lookup } from '../../kernel/lookup.ts'
import { isJsonObject, textOf, type JsonObject } from './json.ts'

const SNOMED = 'http://snomed.info/sct'

const CODES: Readonly<Record<string, string>> = {
  ABDOMEN: '818981001',
  ANKLE: '70258002',
  BRAIN: '12738006',
  BREAST: '76752008',
  CHEST: '51185008',
  CSPINE: '122494005',
  ELBOW: '16953009',
  FOOT: '56459004',
  HAND: '85562004',
  HEAD: '69536005',
  HEART: '80891009',
  HIP: '24136001',
  KIDNEY: '64033007',
  KNEE: '72696002',
  LIVER: '10200004',
  LSPINE: '122496007',
  NECK: '45048000',
  PELVIS: '12921003',
  SHOULDER: '16982005',
  SKULL: '89546000',
  TSPINE: '122495006',
  WRIST: '74670003',
}

/** A term that has no code here is shown as it stands, without a system. */
export function bodySite(term: string): JsonObject {
  const code = lookup(CODES, term)
  return code === undefined
    ? { code: term, display: term }
    : { system: SNOMED, code, display: term }
}

const TERMS: ReadonlyMap<string, string> = new Map(
  Object.entries(CODES).map(([term, code]) => [code, term]),
)

/** The defined term that a coding stands for, as policy names body regions; undefined for one of no known term. */
export function bodyTerm(coding: unknown): string | undefined {
  if (!isJsonObject(coding)) return undefined
  const code = textOf(coding.code)
  if (code === undefined || coding.system === SNOMED) return TERMS.get(code ?? '')
  return coding.system === undefined ? code.toUpperCase() : undefined
}
