/** An operation reads its own body: the router knows neither its form nor its size. */
import type { Request, Response } from 'express'
import { readForm } from '../request.ts'

const read = readForm()

/** Whole and within bounds; a face's reader of forms or resources finds it on the request. */
export function readBody(req: Request, res: Response): Promise<void> {
  return new Promise((resolve, reject) => {
    void read(req, res, (error?: unknown) => {
      if (error === undefined) resolve()
      else reject(error instanceof Error ? error : new Error('The body could not be read'))
    })
  })
}
