/** The privacy officer's queue of emergency accesses, as the story looks at it (/admin/reviews). */
import { HubError } from '../kernel/errors.ts'
import type { ObtainedToken } from '../commands/obtain-token.ts'

export interface WaitingReview {
  readonly grant: string
  /** Id of the Patient. */
  readonly patient: string
  readonly practitioner: { readonly name: string }
  readonly reason: string
  readonly text: string | null
}

export interface ReviewQueue {
  waiting(): Promise<readonly WaitingReview[]>
  enter(grant: string, finding: 'justified' | 'not-justified'): Promise<void>
}

export function openReviewQueue(hub: string, { authorize }: ObtainedToken): ReviewQueue {
  const base = `${hub}/admin/reviews`
  async function ask(method: 'GET' | 'POST', url: string, body?: object): Promise<unknown> {
    const headers = { ...(await authorize({ method, url })), 'content-type': 'application/json' }
    const text = body === undefined ? null : JSON.stringify(body)
    const answer = await fetch(url, { method, headers, body: text })
    if (!answer.ok) throw new HubError('source-failed', `The hub answered ${answer.status}`)
    return answer.json()
  }
  return {
    // The hub's own answer, of the same release as this demo.
    waiting: async () => (await ask('GET', base)) as readonly WaitingReview[],
    async enter(grant, finding) {
      await ask('POST', `${base}/${grant}/review`, { finding })
    },
  }
}
