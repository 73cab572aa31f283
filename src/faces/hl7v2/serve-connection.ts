/** One connection: one message at a time, each acknowledged before the next is read. */
import { once } from 'node:events'
import type { Socket } from 'node:net'
import { Hl7Fault } from '../../wire/hl7v2/fault.ts'
import { makeFrameReader, toFrame, type FrameReader } from '../../wire/hl7v2/mllp.ts'
import {
  answerMessage,
  rejectFrame,
  type Answer,
  type AnswerDeps,
  type Peer,
} from './answer-message.ts'
import type { MllpLimits } from './limits.ts'

export interface Serving extends AnswerDeps {
  readonly limits: MllpLimits
  readonly peer: Peer
  /** Aborts when no further message is to be taken. */
  readonly stopping: AbortSignal
}

/** Resolves when the connection is over, whoever ends it; never rejects. */
export async function serveConnection(socket: Socket, serving: Serving): Promise<void> {
  const { limits, stopping } = serving
  const state = { isBusy: false }
  socket.setTimeout(limits.idleMs, () => socket.destroy())
  // A peer that goes away in the middle of something is no news.
  socket.on('error', () => undefined)
  stopping.addEventListener('abort', () => {
    if (!state.isBusy) socket.end(() => socket.destroy())
  })
  const reader = makeFrameReader(limits.messageBytes)
  try {
    await serve(socket, reader, { ...serving, state })
    finish(socket)
  } catch {
    finish(socket)
  }
}

const FINISH_MS = 5_000

/** What was answered is let through first; what else is sent is not looked at. */
function finish(socket: Socket): void {
  socket.end()
  socket.resume()
  const patience = setTimeout(() => socket.destroy(), FINISH_MS)
  socket.once('close', () => {
    clearTimeout(patience)
  })
}

interface Loop extends Serving {
  readonly state: { isBusy: boolean }
}

/** The socket is read on when the chunk is done with: whoever sends faster than the hub takes has to wait. */
async function serve(socket: Socket, reader: FrameReader, loop: Loop): Promise<void> {
  const watch = makeFrameWatch(socket, loop.limits.frameMs)
  try {
    for await (const chunk of chunksOf(socket)) {
      const messages = await readFrames(socket, reader, { chunk, loop })
      watch.pause(messages.length > 0)
      if (!(await handleAll(socket, messages, loop))) return
      if (reader.isInside()) watch.start()
    }
  } finally {
    watch.pause(true)
  }
}

function chunksOf(socket: Socket): AsyncIterable<Uint8Array> {
  return socket.iterator({ destroyOnReturn: false }) as AsyncIterable<Uint8Array>
}

/** A frame that has begun has so long to end, however its bytes trickle in. */
function makeFrameWatch(socket: Socket, frameMs: number) {
  let deadline: NodeJS.Timeout | undefined
  return {
    start(): void {
      deadline ??= setTimeout(() => socket.destroy(), frameMs)
    },
    /** Where a frame has ended. */
    pause(hasEnded: boolean): void {
      if (!hasEnded) return
      clearTimeout(deadline)
      deadline = undefined
    },
  }
}

/** False where no further message is taken. */
async function handleAll(
  socket: Socket,
  messages: readonly Uint8Array[],
  loop: Loop,
): Promise<boolean> {
  for (const message of messages) if (!(await handle(socket, message, loop))) return false
  return true
}

/** What is no frame is answered and ends the connection: nobody knows where the next one begins. */
async function readFrames(
  socket: Socket,
  reader: FrameReader,
  { chunk, loop }: { readonly chunk: Uint8Array; readonly loop: Loop },
): Promise<readonly Uint8Array[]> {
  try {
    return reader.push(chunk)
  } catch (error) {
    if (error instanceof Hl7Fault) await send(socket, rejectFrame(loop, reader.partial(), error))
    throw error
  }
}

async function handle(socket: Socket, message: Uint8Array, loop: Loop): Promise<boolean> {
  const { state, stopping } = loop
  if (stopping.aborted) return false
  state.isBusy = true
  const answer = await answerMessage(loop, message, loop.peer)
  await send(socket, answer)
  state.isBusy = false
  return !answer.isStranger && !stopping.aborted
}

async function send(socket: Socket, { acknowledgements }: Answer): Promise<void> {
  for (const acknowledgement of acknowledgements) {
    if (socket.destroyed) return
    if (!socket.write(toFrame(acknowledgement)))
      await Promise.race([once(socket, 'drain'), once(socket, 'close')])
  }
}
