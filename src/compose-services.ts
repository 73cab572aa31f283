/** Every service over one installation's storage: the verbs that faces, jobs and commands are given. */
import { randomUUID } from 'node:crypto'
import { makeAccessServices } from './compose-access.ts'
import { makeExportServices } from './compose-exports.ts'
import { startGround, type Foundation, type Ground, type Made } from './compose-ground.ts'
import { makeImagingServices } from './compose-imaging.ts'
import { makeMessageServices } from './compose-messages.ts'
import { makeFormats, makeRegistryServices } from './compose-registry.ts'
import { makeSubscriptions } from './services/make-subscriptions.ts'
import { parseResourceJson } from './wire/fhir/parse-json.ts'
import type { FhirXml } from './wire/fhir/xml.ts'

export type Services = Awaited<ReturnType<typeof startServices>>

export async function startServices(foundation: Foundation) {
  const ground = await startGround(foundation)
  const { state, audit, egress, liveDisclosures } = ground
  const formats = makeFormats()
  const access = makeAccessServices(foundation, ground)
  const subscriptions = subscriptionsOf(foundation, ground, { ...formats, ...access })
  const registry = makeRegistryServices(foundation, ground, { formats, ...subscriptions })
  return {
    ...access,
    ...makeImagingServices(foundation, ground),
    ...registry,
    ...makeMessageServices(foundation, ground, registry),
    ...subscriptions,
    ...makeExportServices(foundation, ground, registry),
    state,
    liveDisclosures,
    /** Ends disclosures, anchors the audit log, lets go of sources and threads. Close faces and jobs first. */
    async close() {
      liveDisclosures.close()
      await formats.validationPool.close()
      await audit.close()
      await egress.close()
      await state.close()
    },
  }
}

interface SubscriptionParts {
  readonly xml: FhirXml
  readonly useProof: Made<typeof makeAccessServices>['useProof']
}

function subscriptionsOf(
  { config, storage, clock, log }: Foundation,
  { state, audit, authorize, egress }: Ground,
  { xml, useProof }: SubscriptionParts,
) {
  const { pool, sealer, keys } = storage
  const [signingKey] = keys.signing
  return makeSubscriptions({
    ...{ pool, sealer, state, authorize, useProof, egress, signingKey, clock, log },
    recordAudit: audit.record,
    writeXml: (text) => xml.write(parseResourceJson(Buffer.from(text))),
    environment: config.environment,
    base: `${config.baseUrl}/fhir`,
    newId: () => randomUUID(),
    chance: Math.random,
  })
}
