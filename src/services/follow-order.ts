/** An order that comes, changes or goes: the reports and studies of its examination say so. */
import type { PoolClient } from 'pg'
import type { StudyUid } from '../kernel/ids.ts'
import {
  findReportsByKeys,
  findStudyUids,
  holdReportsByKeys,
  lockExamination,
} from '../storage/examinations.ts'
import { readResource } from '../storage/resources.ts'
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
  { type, id, facts, previous, at }: Omit<WrittenRow, 'access' | 'version' | 'method'>,
): Promise<void> {
  const { custodian } = facts
  if (custodian === null) return
  const stored = await readResource(db, type, id)
  const numbers = [
    ...numbersIn(stored?.content ?? undefined),
    ...numbersIn(previous?.content ?? undefined),
  ]
  const target = `ServiceRequest/${id}`
  const keys = [...reportNumberKeys(numbers), targetKey('based-on', target)]
  const studyKeys = [...numberKeys(numbers), targetKey('basedon', target)]
  await lockExamination(db, { custodian, numbers, studyUids: [] })
  const reported = await findReportsByKeys(db, { custodian, keys })
  const studyUids: readonly StudyUid[] = [
    ...reported.flatMap((report) => report.studyUids),
    ...(await findStudyUids(db, { custodian, ids: [], keys: studyKeys })),
  ]
  await lockExamination(db, { custodian, numbers: [], studyUids })
  const reports = await holdReportsByKeys(db, { custodian, keys })
  for (const report of reports) await refreshReport(db, report, { custodian, at })
  await refreshStudies(db, { custodian, studyUids, at })
}

function numbersIn(content: string | undefined): readonly string[] {
  const order = content === undefined ? undefined : parseJsonText(content)
  return isJsonObject(order) ? numbersOf(order) : []
}
