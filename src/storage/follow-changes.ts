/** Being told of changes: LISTEN for speed, and a poll every two seconds for when nothing is heard. */
import pg from 'pg'
import type { Log } from '../kernel/log.ts'
import { CHANGE_CHANNEL } from './access-changes.ts'

export interface FollowOptions {
  /** Where the database is; the listening session is its own, outside the pool's count. */
  readonly pool: pg.Pool
  /** Reads what is new. Never runs twice at once. */
  readonly poll: () => Promise<void>
  readonly everyMs: number
  readonly log: Log
}

export interface Follower {
  /** Resolves when a poll that began after this call is done; rejects where that poll failed. */
  catchUp(): Promise<void>
  close(): Promise<void>
}

/** Resolves once the session listens, or has failed to: the poll goes on either way. */
export async function followChanges({
  pool,
  poll,
  everyMs,
  log,
}: FollowOptions): Promise<Follower> {
  const catchUp = oneAtATime(poll)
  const pollNow = (): void => {
    catchUp().catch((error: unknown) => {
      log.warn({ error: messageOf(error) }, 'Access changes could not be read')
    })
  }
  const listener = makeListener(pool, pollNow)
  const timer = setInterval(() => {
    void listener.ensure()
    pollNow()
  }, everyMs)
  timer.unref()
  await listener.ensure()
  return {
    catchUp,
    async close() {
      clearInterval(timer)
      await listener.close()
    },
  }
}

/** Calls during a run share one run that begins after it. */
function oneAtATime(work: () => Promise<void>): () => Promise<void> {
  let running: Promise<void> | undefined
  let next: Promise<void> | undefined
  async function run(): Promise<void> {
    try {
      await work()
    } finally {
      running = undefined
    }
  }
  return () => {
    if (running === undefined) return (running = run())
    next ??= running
      .catch(() => undefined)
      .then(() => {
        next = undefined
        return (running = run())
      })
    return next
  }
}

interface Listener {
  /** Connects and listens unless it already does. */
  ensure(): Promise<void>
  close(): Promise<void>
}

function makeListener(pool: pg.Pool, onNotice: () => void): Listener {
  let session: pg.Client | undefined
  let connecting: Promise<void> | undefined
  let closed = false

  function lose(lost: pg.Client): void {
    if (session === lost) session = undefined
    lost.end().catch(() => undefined)
  }

  async function connect(): Promise<void> {
    const client = new pg.Client({ ...pool.options, keepAlive: true })
    client.on('notification', onNotice)
    client.on('error', () => {
      lose(client)
    })
    client.on('end', () => {
      lose(client)
    })
    try {
      await client.connect()
      await client.query(`listen ${CHANGE_CHANNEL}`)
      session = client
      // What was announced while nobody listened.
      onNotice()
    } catch {
      lose(client)
    }
  }

  return {
    async ensure() {
      if (closed || session !== undefined) return
      connecting ??= connect().finally(() => {
        connecting = undefined
      })
      await connecting
    },
    async close() {
      closed = true
      await connecting
      const open = session
      session = undefined
      await open?.end().catch(() => undefined)
    },
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
