/**
 * The MLLP listener. Its framing is our own: @medplum/hl7's server binds every interface and bounds neither
 * message, connections nor time, decodes all messages in one set of characters, and hands on the next message
 * while one is still being taken.
 */
import { once } from 'node:events'
import net, { type AddressInfo, type Server, type Socket } from 'node:net'
import tls from 'node:tls'
import type { AnswerDeps, Peer } from './answer-message.ts'
import { LIMITS, type MllpLimits } from './limits.ts'
import { serveConnection } from './serve-connection.ts'

export interface MllpOptions extends AnswerDeps {
  readonly port: number
  readonly host: string
  /** PEM texts; absent: plain TCP. */
  readonly tls?: { readonly cert: string | Buffer; readonly key: string | Buffer } | undefined
  readonly limits?: Partial<MllpLimits> | undefined
}

export interface MllpListener {
  readonly port: number
  /** Takes no more; what is being taken is acknowledged first. */
  close(): Promise<void>
}

/** Resolves once it listens. */
export async function startMllp(options: MllpOptions): Promise<MllpListener> {
  const limits = { ...LIMITS, ...options.limits }
  const open = new Map<Socket, { readonly address: string; readonly stop: () => void }>()

  function accept(socket: Socket): void {
    const address = addressOf(socket)
    const ofOne = [...open.values()].filter((one) => one.address === address)
    if (open.size >= limits.connections || ofOne.length >= limits.connectionsPerAddress) {
      options.log.warn({ open: open.size }, 'An MLLP connection was one too many')
      socket.destroy()
      return
    }
    const stopping = new AbortController()
    open.set(socket, {
      address,
      stop: () => {
        stopping.abort()
      },
    })
    socket.once('close', () => open.delete(socket))
    void serveConnection(socket, {
      ...options,
      limits,
      peer: peerOf(socket),
      stopping: stopping.signal,
    })
  }

  const server = makeServer(options, accept)
  server.listen(options.port, options.host)
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    async close() {
      const closed = once(server, 'close')
      server.close()
      for (const { stop } of open.values()) stop()
      const patience = setTimeout(() => {
        for (const socket of open.keys()) socket.destroy()
      }, limits.drainMs)
      await closed
      clearTimeout(patience)
    },
  }
}

const HANDSHAKE_MS = 10_000

/** A client certificate is asked for and known by its fingerprint: who issued it says nothing of the member. */
function makeServer({ tls: files, log }: MllpOptions, accept: (socket: Socket) => void): Server {
  if (files === undefined) return net.createServer({ noDelay: true, keepAlive: true }, accept)
  const settings = {
    ...files,
    requestCert: true,
    rejectUnauthorized: false,
    minVersion: 'TLSv1.2',
    handshakeTimeout: HANDSHAKE_MS,
    noDelay: true,
    keepAlive: true,
  } as const
  const server = tls.createServer(settings, accept)
  server.on('tlsClientError', (error) => {
    log.warn({ err: error }, 'A TLS handshake for MLLP failed')
  })
  return server
}

function peerOf(socket: Socket): Peer {
  const address = addressOf(socket)
  return {
    address,
    fingerprint: socket instanceof tls.TLSSocket ? fingerprintOf(socket) : undefined,
  }
}

/** The handshake has proved that the peer has its key. */
function fingerprintOf(socket: tls.TLSSocket): string | undefined {
  const { fingerprint256 } = socket.getPeerCertificate() as Partial<tls.PeerCertificate>
  return fingerprint256?.replaceAll(':', '').toLowerCase()
}

function addressOf(socket: Socket): string {
  // An IPv4 address on a socket of both families.
  return (socket.remoteAddress ?? '').replace(/^::ffff:/, '') || '0.0.0.0'
}
