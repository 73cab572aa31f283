/** The registry: definitions read once, and every interaction and operation over the same rows. */
import { randomUUID } from 'node:crypto'
import type { Foundation, Ground, Made } from './compose-ground.ts'
import { readOwnDefinitions, specificationFiles, specificationTexts } from './definition-files.ts'
import { makeCreateResource } from './services/create-resource.ts'
import { makeCrossReference } from './services/cross-reference.ts'
import { makeDecideSight } from './services/decide-sight.ts'
import { makeDeleteResource } from './services/delete-resource.ts'
import { makeMatchPatient } from './services/match-patient.ts'
import { makePatchResource } from './services/patch-resource.ts'
import { makePatientWriter } from './services/patient-writer.ts'
import { makePublishDefinitions } from './services/publish-definitions.ts'
import { makeReadEverything } from './services/read-everything.ts'
import { makeReadHistory } from './services/read-history.ts'
import { makeReadResource } from './services/read-resource.ts'
import { makeReceiveReports } from './services/receive-reports.ts'
import { makeRecordConsent } from './services/record-consent.ts'
import { makeReplaceConsent } from './services/replace-consent.ts'
import { makeResourceWriters, type ResourceWriter } from './services/resource-writers.ts'
import { makeRunBatch } from './services/run-batch.ts'
import { makeRunTransaction } from './services/run-transaction.ts'
import { makeSearchResources } from './services/search-resources.ts'
import { makeSubmitKith } from './services/submit-kith.ts'
import { makeUpdateResource } from './services/update-resource.ts'
import { makeReportIssues, makeValidateResource } from './services/validate-resource.ts'
import { makeDefinitions } from './wire/fhir/definitions.ts'
import { makeEnumerateValueSet } from './wire/fhir/enumerate-value-set.ts'
import { makeStructures } from './wire/fhir/structures.ts'
import { makeSummarize } from './wire/fhir/summary.ts'
import { ownWithSnapshots } from './wire/fhir/validation/snapshot.ts'
import { makeValidator } from './wire/fhir/validation/validator.ts'
import { makeXml } from './wire/fhir/xml.ts'
import { makeValidationPool } from './workers/validation-pool.ts'

export interface RegistryParts {
  readonly formats: Made<typeof makeFormats>
  readonly subscriptionWriter: ResourceWriter
}

export function makeRegistryServices(
  foundation: Foundation,
  ground: Ground,
  { formats, subscriptionWriter }: RegistryParts,
) {
  const { config, storage, clock } = foundation
  const { pool, sealer } = storage
  const shared = {
    ...{ pool, db: pool, sealer, clock, newId: () => randomUUID() },
    ...{ state: ground.state, authorize: ground.authorize, recordAudit: ground.audit.record },
    ...ground.registering,
    base: `${config.baseUrl}/fhir`,
    enumerate: formats.enumerate,
    validate: makeValidateResource(formats.reportIssues),
  }
  const decideSight = makeDecideSight(shared)
  const reading = { ...shared, decideSight }
  const writing = { ...reading, writers: makeWriters(foundation, ground, subscriptionWriter) }
  const interactions = {
    createResource: makeCreateResource(writing),
    updateResource: makeUpdateResource(writing),
    patchResource: makePatchResource(writing),
    deleteResource: makeDeleteResource(writing),
    readResource: makeReadResource(reading),
    readHistory: makeReadHistory(reading),
    searchResources: makeSearchResources(reading),
    recordConsent: makeRecordConsent(shared),
    replaceConsent: makeReplaceConsent(shared),
  }
  const receiveReports = makeReceiveReports(shared)
  return {
    ...interactions,
    ...formats,
    decideSight,
    readEverything: makeReadEverything(reading),
    validate: shared.validate,
    receiveReports,
    runTransaction: makeRunTransaction(writing),
    runBatch: makeRunBatch({ ...shared, ...interactions }),
    matchPatient: makeMatchPatient(shared),
    crossReference: makeCrossReference(reading),
    submitKith: makeSubmitKith({ ...shared, receiveReports }),
    publishDefinitions: makePublishDefinitions({
      ...{ pool, clock },
      definitions: formats.publishedDefinitions,
    }),
  }
}

function makeWriters(
  { storage: { sealer } }: Foundation,
  { audit, registering }: Ground,
  subscriptionWriter: ResourceWriter,
) {
  const patientWriter = makePatientWriter({ ...registering, sealer, recordAudit: audit.record })
  return makeResourceWriters({
    sealer,
    more: { Patient: patientWriter, Subscription: subscriptionWriter },
  })
}

/** The specification is read once for all who walk resources by it. */
export function makeFormats() {
  const ownDefinitions = readOwnDefinitions()
  const definitions = makeDefinitions(specificationTexts())
  const structures = makeStructures(definitions)
  const validator = makeValidator(definitions, ownDefinitions)
  const validationPool = makeValidationPool({ files: specificationFiles(), own: ownDefinitions })
  return {
    ownDefinitions,
    publishedDefinitions: () => ownWithSnapshots(definitions, ownDefinitions),
    xml: makeXml(structures),
    summarize: makeSummarize(structures),
    enumerate: makeEnumerateValueSet(definitions, ownDefinitions),
    knowsProfile: validator.knowsProfile,
    reportIssues: makeReportIssues({ validator, pool: validationPool }),
    validationPool,
  }
}
