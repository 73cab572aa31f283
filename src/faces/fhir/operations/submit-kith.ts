/** DiagnosticReport/$submit-kith: the Norwegian svarrapport (KITH XML 1.3 and 1.4) of radiology, from a publisher. */
import { raw, type Request, type RequestHandler, type Response } from 'express'
import { HubError } from '../../../kernel/errors.ts'
import type { SubmitKith } from '../../../services/submit-kith.ts'
import { submissionParameters } from '../../../wire/fhir/submission-parameters.ts'
import { MAX_XML } from '../../../wire/kith/read-xml.ts'
import { contextOf, principalOf } from '../../request-state.ts'
import { bytesOf, contentType } from '../request.ts'
import { sendResource } from '../send.ts'
import type { Operation } from './operation.ts'

export interface SubmitKithOperationDeps {
  readonly submitKith: SubmitKith
}

const TYPES: ReadonlySet<string> = new Set(['application/xml', 'text/xml'])

export function submitKithOperation({ submitKith }: SubmitKithOperationDeps): Operation {
  const read: RequestHandler = raw({ type: () => true, limit: MAX_XML })
  return {
    name: 'submit-kith',
    level: 'type',
    types: ['DiagnosticReport'],
    methods: ['POST'],
    definition: 'https://samsyn.no/fhir/OperationDefinition/submit-kith',
    handle: async function submitKithMessage(req, res) {
      requirePublisher(req)
      await whole(read, req, res)
      const received = await submitKith(principalOf(req), bytesOf(req), contextOf(req))
      sendResource(req, res, 200, submissionParameters(received))
    },
  }
}

/** Before the body: what may be long is read for those alone who may send it. */
function requirePublisher(req: Request): void {
  if (!principalOf(req).actions.has('publish'))
    throw new HubError('insufficient-scope', 'The token does not cover publishing')
  if (!TYPES.has(contentType(req)))
    throw new HubError('unsupported-media-type', 'Send the svarrapport as application/xml')
}

function whole(read: RequestHandler, req: Request, res: Response): Promise<void> {
  return new Promise((resolve, reject) => {
    void read(req, res, (error?: unknown) => {
      if (error === undefined) resolve()
      else reject(error instanceof Error ? error : new Error('The body could not be read'))
    })
  })
}
