/** Images and what is kept about them: publishing, finding, opening, sources, and the operators' verbs. */
import type { Foundation, Ground } from './compose-ground.ts'
import { makeFindStudies } from './services/find-studies.ts'
import { makeLinkPatients } from './services/link-patients.ts'
import { makeAdministration } from './services/make-administration.ts'
import { makeOpenMetadata } from './services/open-metadata.ts'
import { makeOpenStudy } from './services/open-study.ts'
import { makePublishInstances } from './services/publish-instances.ts'
import { makeRegisterStudy } from './services/register-study.ts'
import { makeSettleStudy } from './services/settle-study.ts'
import { makeSweepExpired } from './services/sweep-expired.ts'
import { makeSyncSource } from './services/sync-source.ts'
import { makeDicomwebSources } from './sources/dicomweb.ts'

/** A Norwegian sender that names no issuer means the national number; what is none is queued. */
const DEPOSIT_DEFAULTS = {
  characterSet: 'ISO_IR 100',
  issuer: 'urn:oid:2.16.578.1.12.4.1.4.1',
}

export function makeImagingServices({ config, storage, clock, log }: Foundation, ground: Ground) {
  const { pool, sealer, objects } = storage
  const { audit, egress, authorize, registering } = ground
  const openSource = makeDicomwebSources(egress)
  const registerStudy = makeRegisterStudy({ ...registering, sealer })
  const shared = {
    ...{ pool, db: pool, sealer, objects, clock, log, authorize, openSource, registerStudy },
    recordAudit: audit.record,
    openDisclosure: audit.openDisclosure,
  }
  return {
    findStudies: makeFindStudies(shared),
    openStudy: makeOpenStudy(shared),
    openMetadata: makeOpenMetadata(shared),
    publishInstances: makePublishInstances({ ...shared, defaults: DEPOSIT_DEFAULTS }),
    sweepExpired: makeSweepExpired({ pool, objects, clock }),
    settleStudy: makeSettleStudy({ pool, clock, settleMs: config.studySettleMs }),
    linkPatients: makeLinkPatients({ ...shared, ...registering, state: ground.state }),
    administration: makeAdministration({
      ...shared,
      ...registering,
      dicomWeb: `${config.baseUrl}/dicom-web`,
      checkEgress: (url) => {
        egress.check(url)
      },
      syncSource: makeSyncSource(shared),
    }),
  }
}
