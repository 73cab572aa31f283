/** A story's steps: done, timed and printed one by one. */

export interface Told<Result> {
  readonly result: Result
  /** What came of it, in a few words. */
  readonly told: string
}

export type Step = <Result>(name: string, work: () => Promise<Told<Result>>) => Promise<Result>

export function makeStorySteps(say: (line: string) => void): Step {
  let number = 0
  return async (name, work) => {
    number += 1
    const label = `${String(number).padStart(3)}. `
    const start = performance.now()
    try {
      const { result, told } = await work()
      say(`${label}${milliseconds(start)}  ${name}: ${told}`)
      return result
    } catch (error) {
      say(`${label}${milliseconds(start)}  ${name}: FAILED`)
      throw error
    }
  }
}

function milliseconds(start: number): string {
  return `${Math.round(performance.now() - start)} ms`.padStart(8)
}

/** Ends the story where something is not as it should be. */
export function require(holds: boolean, expected: string): void {
  if (!holds) throw new Error(`The story expected ${expected}`)
}
