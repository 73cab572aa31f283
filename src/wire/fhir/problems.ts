/** Collecting what is wrong with a resource, so that its sender hears all of it at once. */
import { HubError, isHubError, type Problem } from '../../kernel/errors.ts'

/** A place in a resource, and the list its problems go to. */
export interface Place {
  readonly path: string
  readonly problems: Problem[]
}

export function within(place: Place, step: string): Place {
  return { ...place, path: `${place.path}${step}` }
}

export function report({ path, problems }: Place, text: string): void {
  problems.push({ location: path, text })
}

/** What a reader throws that cannot go on; `attempt` notes it and lets its neighbours be read. */
export function unread({ path }: Place, text: string): HubError {
  return new HubError('unprocessable', 'The resource cannot be understood', {
    problems: [{ location: path, text }],
  })
}

/** Undefined where `read` threw `unread`, whose problem is then noted. */
export function attempt<Value>({ problems }: Place, read: () => Value): Value | undefined {
  try {
    return read()
  } catch (error) {
    if (!isHubError(error, 'unprocessable')) throw error
    problems.push(...error.problems)
    return undefined
  }
}

/** Throws `unprocessable` with every problem, where there is one. */
export function throwProblems({ problems }: Place, message: string): void {
  if (problems.length > 0) throw new HubError('unprocessable', message, { problems })
}
