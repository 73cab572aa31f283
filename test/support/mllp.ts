/** A bare MLLP client: what it sends is bytes, so that a test may send what no library would. */
import { once } from 'node:events'
import net, { type Socket } from 'node:net'

export interface MllpClient {
  readonly socket: Socket
  /** As it is: no frame is put around it. */
  sendRaw(bytes: Uint8Array | string): void
  /** In a frame. */
  send(message: Uint8Array | string): void
  /** The next acknowledgement's text, byte for character; undefined where the other side has ended. */
  next(): Promise<string | undefined>
  /** Sends and waits. */
  ask(message: Uint8Array | string): Promise<string>
}

export async function connectMllp(port: number): Promise<MllpClient> {
  const socket = net.connect(port, '127.0.0.1')
  await once(socket, 'connect')
  return clientOf(socket)
}

export function clientOf(socket: Socket): MllpClient {
  const frames: string[] = []
  let waiting: (() => void)[] = []
  let pending = ''
  let ended = false
  const wake = (): void => {
    const woken = waiting
    waiting = []
    for (const one of woken) one()
  }
  socket.on('data', (chunk: Buffer) => {
    pending += chunk.toString('latin1')
    for (;;) {
      const end = pending.indexOf('\x1c\r')
      if (end < 0) break
      frames.push(pending.slice(pending.indexOf('\x0b') + 1, end))
      pending = pending.slice(end + 2)
    }
    wake()
  })
  socket.on('error', () => undefined)
  for (const event of ['end', 'close'])
    socket.on(event, () => {
      ended = true
      wake()
    })
  const client: MllpClient = {
    socket,
    sendRaw: (bytes) => socket.write(bytes),
    send: (message) => {
      socket.write(
        Buffer.concat([Buffer.from('\x0b'), Buffer.from(message), Buffer.from('\x1c\r')]),
      )
    },
    async next() {
      while (frames.length === 0 && !ended)
        await new Promise<void>((resolve) => {
          waiting.push(resolve)
        })
      return frames.shift()
    },
    async ask(message) {
      client.send(message)
      return (await client.next()) ?? ''
    },
  }
  return client
}

const ORU = {
  charset: 'UNICODE UTF-8',
  control: 'c-1',
  filler: 'F-1',
  issued: '20260110113000+0100',
  status: 'F',
  text: 'Leveren er stor, æøå.',
  facility: 'NORTH',
  /** MSH-15 and MSH-16 */
  asks: '|',
  pid: 'PID|1||17858550084^^^^FNR||Ødegård^Anne||19850517|F',
}

/** ORU^R01 of a synthetic person, with values to change. */
export function oru(change: Partial<typeof ORU> = {}): string {
  const { charset, control, filler, issued, status, text, facility, asks, pid } = {
    ...ORU,
    ...change,
  }
  return [
    `MSH|^~\\&|RIS|${facility}|SAMSYN|HUB|20260110120000||ORU^R01|${control}|P|2.5|||${asks}||${charset}`,
    pid,
    `OBR|1|P-1|${filler}|SJJ0AD^CT Lever^NCRP||||||||||||||A-1||||${issued}||CT|${status}`,
    `OBX|1|TX|GDT||${text}||||||${status}`,
    '',
  ].join('\r')
}
