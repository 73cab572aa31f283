/** New objects of one study into the index: together, or without the ones that the database refuses. */
import type { PoolClient } from 'pg'
import type { ImagingStudyId } from '../kernel/ids.ts'
import { insertLanding } from '../storage/instances.ts'
import type { Landing } from '../storage/objects.ts'
import { isRefusal } from '../storage/transaction-errors.ts'
import type { ReceivedInstance } from './receive-part.ts'
import type { RegisterStudy } from './register-study.ts'

export interface Fresh extends Omit<Parameters<RegisterStudy>[1], 'instances'> {
  readonly landing: Pick<Landing, 'id' | 'position'>
  /** Of one study, at least one. */
  readonly instances: readonly ReceivedInstance[]
}

export interface EnteredFresh {
  /** Undefined where nothing was entered. */
  readonly imagingStudy: ImagingStudyId | undefined
  readonly refused: readonly ReceivedInstance[]
}

export type EnterFresh = (
  db: PoolClient,
  registerStudy: RegisterStudy,
  fresh: Fresh,
) => Promise<EnteredFresh>

/** All of them or none: the usual way. */
export const enterTogether: EnterFresh = async (db, registerStudy, { landing, ...request }) => {
  await insertLanding(db, { id: landing.id, bytes: landing.position, at: request.at })
  const { imagingStudy } = await registerStudy(db, request)
  return { imagingStudy, refused: [] }
}

/** What cannot be entered is halved until those that are to blame are alone. */
export const enterWhatCanBe: EnterFresh = async (db, registerStudy, fresh) => {
  await db.query('savepoint fresh')
  try {
    const entered = await enterTogether(db, registerStudy, fresh)
    await db.query('release savepoint fresh')
    return entered
  } catch (error) {
    if (!isRefusal(error)) throw error
    await db.query('rollback to savepoint fresh')
  }
  const { instances } = fresh
  if (instances.length === 1) return { imagingStudy: undefined, refused: instances }
  const middle = instances.length >> 1
  const half = (part: readonly ReceivedInstance[]): Promise<EnteredFresh> =>
    enterWhatCanBe(db, registerStudy, { ...fresh, instances: part })
  const first = await half(instances.slice(0, middle))
  const second = await half(instances.slice(middle))
  return {
    imagingStudy: first.imagingStudy ?? second.imagingStudy,
    refused: [...first.refused, ...second.refused],
  }
}
