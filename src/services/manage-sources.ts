/** Registering sources and asking how they do. Their addresses go no further than to operators. */
import { randomUUID } from 'node:crypto'
import type { ImageSource } from '../domain/imaging/source.ts'
import { HubError } from '../kernel/errors.ts'
import type { SourceId } from '../kernel/ids.ts'
import type { Sealer } from '../kernel/seal.ts'
import type { OpenDicomwebSource } from '../sources/dicomweb.ts'
import {
  findSource,
  insertSource,
  listSources,
  updateSourceSettings,
  type SourceRecord,
} from '../storage/sources.ts'
import type { NewSource } from '../wire/admin/requests.ts'
import type { SourceView } from '../wire/admin/views.ts'
import { administer, lookAt, type AdministerDeps } from './administer.ts'
import type { Administration } from './administration.ts'
import { requireMember } from './manage-members.ts'
import { examineSource } from './test-source.ts'

export interface ManageSourcesDeps extends AdministerDeps {
  readonly sealer: Sealer
  readonly openSource: OpenDicomwebSource
  /** Throws where SAMSYN_EGRESS_ALLOW does not let the hub call the address. */
  readonly checkEgress: (url: URL) => void
}

type ManageSources = Pick<Administration, 'addSource' | 'listSources' | 'moveSource' | 'testSource'>

export function makeManageSources(deps: ManageSourcesDeps): ManageSources {
  const { pool, sealer, openSource, checkEgress } = deps
  return {
    addSource: (request, by) => {
      checkEgress(new URL(request.url))
      return administer(deps, by, async (db, at) => {
        const { id: custodian } = await requireMember(db, request.custodian)
        const source = toSource(request, custodian)
        await insertSource(db, sealer, { ...source, at })
        const act = { verb: 'source-added', member: custodian, subject: `source ${source.id}` }
        return { act, result: viewOf({ ...source, ...NEVER_SYNCED }) }
      })
    },
    moveSource: (id, url, by) => {
      checkEgress(new URL(url))
      return administer(deps, by, async (db) => {
        const source = await findSource(db, sealer, id)
        if (source === undefined) throw new HubError('not-found', `There is no source ${id}`)
        const settings = { ...source.settings, url: url.replace(/\/+$/, '') }
        await updateSourceSettings(db, sealer, { id: source.id, settings })
        const act = { verb: 'source-moved', member: source.custodian, subject: `source ${id}` }
        return { act, result: viewOf({ ...source, settings }) }
      })
    },
    listSources: (by) =>
      lookAt(deps, by, { verb: 'sources-listed' }, async () =>
        (await listSources(pool, sealer)).map(viewOf),
      ),
    testSource: (id, by) =>
      lookAt(deps, by, { verb: 'source-tested', subject: `source ${id}` }, async () => {
        const source = await findSource(pool, sealer, id)
        if (source === undefined) throw new HubError('not-found', `There is no source ${id}`)
        return examineSource(source, openSource)
      }),
  }
}

function toSource(request: NewSource, custodian: ImageSource['custodian']): ImageSource {
  const { id, name, url, credentials, defaultIssuer, timeZone, characterSet } = request
  return {
    id: id ?? (randomUUID() as SourceId),
    custodian,
    name,
    settings: { url: url.replace(/\/+$/, ''), credentials },
    defaultIssuer,
    timeZone,
    characterSet,
    active: true,
  }
}

const NEVER_SYNCED = { lastSyncStarted: null, lastSyncFinished: null, lastSyncError: null }

function viewOf({ settings, ...rest }: Omit<SourceRecord, 'createdAt'>): SourceView {
  return { ...rest, url: settings.url, credentials: settings.credentials.kind }
}
