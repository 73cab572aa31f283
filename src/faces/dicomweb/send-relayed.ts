/**
 * A source's objects onto a response, framed anew: nothing of the source's own headers passes, and what
 * breaks off at the source breaks off here (PS3.18 section 10.4.3).
 */
import type { ServerResponse } from 'node:http'
import type { OpenedStudy, RelayedInstance } from '../../services/open-study.ts'
import { writeChunks } from '../response-flow.ts'

export interface RelayedSender {
  /** What goes before an object. */
  readonly head: (instance: RelayedInstance) => Uint8Array | undefined
  readonly disclosure: OpenedStudy['disclosure']
  readonly signal: AbortSignal
}

/** Rejects where the source fails or `signal` aborts; the response is then unfinished. */
export async function sendRelayed(
  res: ServerResponse,
  instances: AsyncIterable<RelayedInstance>,
  { head, disclosure, signal }: RelayedSender,
): Promise<void> {
  for await (const instance of instances) {
    let lead = head(instance)
    let bytes = 0
    disclosure.add(instance.instance, instance.length ?? 0)
    for await (const chunk of instance.body) {
      bytes += chunk.length
      await writeChunks(res, lead === undefined ? [chunk] : [lead, chunk], signal)
      lead = undefined
    }
    // A source that did not state the length is counted as it goes.
    if (instance.length === undefined) disclosure.add(instance.instance, bytes)
  }
}
