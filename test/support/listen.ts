/** An Express application on a free loopback port for the time of one test. */
import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import type { TestContext } from 'node:test'

/** Returns the base address, without a trailing slash. */
export async function listen(t: TestContext, app: RequestListener): Promise<string> {
  const server = createServer(app).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('Not listening on TCP')
  return `http://127.0.0.1:${address.port}`
}
