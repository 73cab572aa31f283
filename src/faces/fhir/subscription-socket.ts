/**
 * The websocket channel (Subscriptions R5 Backport 1.1, "Websockets"). A socket proves nothing by itself: a token of
 * `$get-ws-binding-token` binds it. Each notification is followed by a ping, and the pong, which a client's
 * library sends once it has read so far, stands for the acceptance that the guide has no message for.
 */
import type { IncomingMessage, Server } from 'node:http'
import type { Duplex } from 'node:stream'
import { WebSocketServer, type WebSocket } from 'ws'
import type { Log } from '../../kernel/log.ts'
import type { SendResult } from '../../services/attempt-notification.ts'
import type { SocketPort, SubscriptionSockets } from '../../services/subscription-sockets.ts'

export interface SubscriptionSocketDeps {
  readonly subscriptionSockets: Pick<SubscriptionSockets, 'bind' | 'leave'>
  /** Path of the address that `$get-ws-binding-token` names. */
  readonly path: string
  readonly log: Log
  /** Milliseconds within which a socket binds, and within which it reads a notification. */
  readonly patience?: { readonly bind: number; readonly read: number } | undefined
}

const PATIENCE = { bind: 10_000, read: 15_000 }
/** A quiet socket is asked whether it is still there. */
const PING_EVERY = 30_000
const MAX_SOCKETS = 2_000
const MAX_MESSAGE = 8 * 1024

/** RFC 6455 section 7.4.1. */
const GOING_AWAY = 1001
const POLICY = 1008

/** Attach before the server listens; close before it is closed, since it waits for open sockets. */
export function attachSubscriptionSocket(
  server: Server,
  deps: SubscriptionSocketDeps,
): { close(): Promise<void> } {
  const sockets = new WebSocketServer({
    noServer: true,
    maxPayload: MAX_MESSAGE,
    perMessageDeflate: false,
    clientTracking: true,
  })
  const isMeant = isSocketRequest(deps.path)
  server.on('upgrade', (req: IncomingMessage, stream: Duplex, head: Buffer) => {
    if (!isMeant(req)) refuse(stream, '404 Not Found')
    else if (sockets.clients.size >= MAX_SOCKETS) refuse(stream, '503 Service Unavailable')
    else sockets.handleUpgrade(req, stream, head, (socket) => serve(socket, deps))
  })
  return {
    async close() {
      for (const socket of sockets.clients) socket.close(GOING_AWAY, 'The hub is stopping')
      const late = setTimeout(() => {
        for (const socket of sockets.clients) socket.terminate()
      }, 1_000)
      await new Promise<void>((resolve) => {
        sockets.close(() => resolve())
      })
      clearTimeout(late)
    },
  }
}

/**
 * For the server's `shouldUpgradeCallback`: other wishes to upgrade, as Java's for HTTP/2, are passed over as if
 * nobody listened for any.
 */
export function isSocketRequest(path: string): (req: IncomingMessage) => boolean {
  return ({ url = '', headers }) =>
    url.split('?')[0] === path && headers.upgrade?.toLowerCase() === 'websocket'
}

function refuse(stream: Duplex, status: string): void {
  stream.on('error', () => undefined)
  stream.end(`HTTP/1.1 ${status}\r\nConnection: close\r\n\r\n`)
}

/** The guide's pictures have it with and without a colon. */
const BIND = /^bind-with-token:? (?<token>[A-Za-z0-9_-]{1,8000})$/

function serve(socket: WebSocket, deps: SubscriptionSocketDeps): void {
  const { subscriptionSockets, log, patience = PATIENCE } = deps
  const port = makePort(socket, patience.read)
  const unbound = setTimeout(() => socket.close(POLICY, 'Nothing was bound'), patience.bind)
  const heart = keepAlive(socket)
  socket.on('error', () => socket.terminate())
  socket.on('close', () => {
    clearTimeout(unbound)
    clearInterval(heart)
    subscriptionSockets.leave(port)
  })
  socket.on('message', (data, isBinary) => {
    const { token } = isBinary ? {} : (BIND.exec(textOf(data))?.groups ?? {})
    if (token === undefined) {
      socket.close(POLICY, 'Send bind-with-token and the token')
      return
    }
    subscriptionSockets.bind(port, token).then(
      (isGood) => {
        if (isGood) clearTimeout(unbound)
        else socket.close(POLICY, 'The token is not good, or no longer')
      },
      (error: unknown) => {
        log.error({ err: error }, 'A websocket could not be bound')
        socket.close(1011)
      },
    )
  })
}

function textOf(data: Buffer | ArrayBuffer | readonly Buffer[]): string {
  return Buffer.isBuffer(data) ? data.toString('utf8').trim() : ''
}

function keepAlive(socket: WebSocket): NodeJS.Timeout {
  let isAlive = true
  socket.on('pong', () => {
    isAlive = true
  })
  const timer = setInterval(() => {
    if (!isAlive) socket.terminate()
    else if (socket.readyState === socket.OPEN) {
      isAlive = false
      socket.ping()
    }
  }, PING_EVERY)
  return timer.unref()
}

/** One message under way at a time: a reader that is slow or gone costs one message's memory. */
function makePort(socket: WebSocket, readWithin: number): SocketPort {
  let sent = 0
  let last: Promise<unknown> = Promise.resolve()
  return {
    send(text, signal) {
      const next = last.then(() => sendOne(socket, { text, signal, readWithin, mark: (sent += 1) }))
      last = next
      return next
    },
    end: () => socket.close(POLICY, 'Nothing is bound to this socket any more'),
  }
}

interface Sending {
  readonly text: string
  readonly signal: AbortSignal
  readonly readWithin: number
  /** Comes back in the pong. */
  readonly mark: number
}

function sendOne(
  socket: WebSocket,
  { text, signal, readWithin, mark }: Sending,
): Promise<SendResult> {
  if (socket.readyState !== socket.OPEN || signal.aborted) return Promise.resolve(lost(false))
  const mine = String(mark)
  return new Promise((resolve) => {
    const timer = setTimeout(giveUp, readWithin)
    const done = (result: SendResult): void => {
      clearTimeout(timer)
      socket.off('pong', onPong).off('close', onClose)
      signal.removeEventListener('abort', giveUp)
      resolve(result)
    }
    function onPong(data: Buffer): void {
      if (data.toString('latin1') === mine) done({ accepted: true })
    }
    function onClose(): void {
      done(lost(true))
    }
    function giveUp(): void {
      socket.terminate()
    }
    socket.on('pong', onPong).on('close', onClose)
    signal.addEventListener('abort', giveUp, { once: true })
    socket.send(text)
    socket.ping(mine)
  })
}

function lost(mayHaveArrived: boolean): SendResult {
  return { accepted: false, mayHaveArrived, reason: 'The websocket is gone' }
}
