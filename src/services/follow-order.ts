/** An order that comes, changes or goes: the reports and studies of its examination say so. */
import type { PoolClient } from 'pg'
import {
  findReportsByKeys,
  holdReportsByKeys,
  lockExamination,
  lockStudies,
} from '../storage/examinations.ts'
import { isJsonObject } from '../wire/fhir/json.ts'
import { parseJsonText } from '../wire/fhir/parse-json.ts'
import { numberKeys, numbersOf, reportNumberKeys } from '../wire/fhir/report-links.ts'
import { targetKey } from '../wire/fhir/search-keys.ts'
import { refreshReport } from './refresh-reports.ts'
import { refreshStudies } from './refresh-study.ts'
import type { WrittenRow } from './write-request.ts'

/** For the writer of ServiceRequest: in the transaction that wrote or deleted it. */
export async function followOrder(
  db: PoolClient,
  { id, facts, resource, previous, at }: Omit<WrittenRow, 'access' | 'type' | 'version' | 'method'>,
): Promise<void> {
  const { custodian } = facts
  if (custodian === null) return
  const numbers = [
    ...(resource === undefined ? [] : numbersOf(resource)),
    ...numbersIn(previous?.content ?? undefined),
  ]
  const target = `ServiceRequest/${id}`
  const keys = [...reportNumberKeys(numbers), targetKey('based-on', target)]
  const studyKeys = [...numberKeys(numbers), targetKey('basedon', target)]
  await lockExamination(db, { custodian, numbers, studyUids: [] })
  const reported = await findReportsByKeys(db, { custodian, keys })
  const studyUids = await lockStudies(db, {
    custodian,
    ids: [],
    keys: studyKeys,
    studyUids: reported.flatMap((report) => report.studyUids),
  })
  const reports = await holdReportsByKeys(db, { custodian, keys })
  for (const report of reports) await refreshReport(db, report, { custodian, at })
  await refreshStudies(db, { custodian, studyUids, at })
}

function numbersIn(content: string | undefined): readonly string[] {
  const order = content === undefined ? undefined : parseJsonText(content)
  return isJsonObject(order) ? numbersOf(order) : []
}
