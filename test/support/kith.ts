/** Svarrapporter of our own making: the people are synthetic, the texts mean nothing. */

export interface KithMessage {
  readonly version?: '1.3' | '1.4'
  readonly encoding?: string
  readonly genDate?: string
  /** ServReport elements; one of `kithReport()` where absent. */
  readonly reports?: readonly string[]
}

const NAMESPACES = {
  '1.3': 'http://www.kith.no/xmlstds/labsvar/2008-12-01',
  '1.4': 'http://www.kith.no/xmlstds/labsvar/2012-02-15',
}

export function kithMessage({
  version = '1.4',
  encoding = 'UTF-8',
  genDate = '2026-01-10T11:30:00',
  reports = [kithReport()],
}: KithMessage = {}): string {
  return `<?xml version="1.0" encoding="${encoding}"?>
<Message xmlns="${NAMESPACES[version]}" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">
  <Type V="SVAR_RTG" DN="Svarrapport-Radiologi"/>
  <MIGversion>v${version}</MIGversion>
  <GenDate V="${genDate}"/>
  <MsgId>8f1d1c5e-0000-4000-8000-000000000001</MsgId>
  ${reports.join('\n')}
</Message>`
}

export interface KithReport {
  readonly id?: string
  readonly servType?: string
  readonly issued?: string
  /** Volven 7306 */
  readonly status?: string
  readonly category?: string
  readonly patient?: string
  readonly results?: string
  readonly request?: string
  readonly more?: string
}

export function kithReport({
  id = 'SVAR-1',
  servType = 'N',
  issued = '2026-01-10T11:30:00',
  status = 'F',
  category = 'UL',
  patient = KITH_PATIENT,
  results = kithResult(),
  request = '<ServReq><Id>REK-1</Id><IdByServProvider>AKS-1</IdByServProvider></ServReq>',
  more = '',
}: KithReport = {}): string {
  return `<ServReport>
  <ServType V="${servType}"/>
  <IssueDate V="${issued}"/>
  <Status V="${status}"/>
  <MsgDescr V="${category}" DN="Ultralyd"/>
  <ServProvId>${id}</ServProvId>
  ${request}
  <Patient>${patient}${results}</Patient>
  <ServProvider><HCP><Inst><Name>Nordre sykehus</Name><Id>4711</Id><TypeId V="HER"/></Inst></HCP></ServProvider>
  <Requester><HCP><Inst><Name>Fjellbygda legesenter</Name><HCPerson><Name>Kari Lege</Name><Id>258</Id><TypeId V="HER"/>
    <AdditionalId><Id>9999001</Id><Type V="HPR"/></AdditionalId></HCPerson></Inst></HCP></Requester>
  ${more}
</ServReport>`
}

/** Synthetic (month + 80). */
const KITH_PATIENT = `<Sex V="2"/><DateOfBirth V="1985-05-17"/><Name>Ødegård, Anne Bjørg</Name>
  <OffId>17858550084</OffId><TypeOffId V="FNR"/>`

/** Known by birth date alone, as a private institute may send it. */
export const KITH_STRANGER = `<Sex V="2"/><DateOfBirth V="1985-05-17"/><Name>Ødegård, Anne</Name><OffId/><TypeOffId V="FNR"/>`

export interface KithResult {
  readonly text?: string
  readonly heading?: string
  /** Volven 8245 */
  readonly status?: string
  readonly code?: string
  readonly spec?: string
  readonly id?: string
  readonly inner?: string
}

export function kithResult({
  text = 'Leveren er stor, æøå.',
  heading = 'FU',
  status = '3',
  code = 'SJJ0AK',
  spec = '',
  id = 'US-1',
  inner = '',
}: KithResult = {}): string {
  const investigation =
    code === ''
      ? ''
      : `<Investigation><Id V="${code}" S="2.16.578.1.12.4.1.1.7270" DN="UL Lever"/>${spec}</Investigation>`
  const textResult =
    text === ''
      ? ''
      : `<TextResult><Heading V="${heading}"/><TextResultValue>${text}</TextResultValue></TextResult>`
  return `<ResultItem>${textResult}<ServType V="N"/>${investigation}<InvDate V="2026-01-10T09:30:00"/>
    ${whereTold(id, `<IdResultItem>${id}</IdResultItem>`)}
    ${whereTold(status, `<StatusInvestigation V="${status}"/>`)}${inner}</ResultItem>`
}

function whereTold(value: string, element: string): string {
  return value === '' ? '' : element
}
