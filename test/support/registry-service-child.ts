/**
 * Searching and reading the registry by its services alone, for benches: a bare node:http without tokens or audit.
 * Argument: a file of `ServiceCallers` as JSON. With `x-record` it answers with the statements behind the request.
 */
import fs from 'node:fs'
import { createServer } from 'node:http'
import type pg from 'pg'
import { POLICY_PROFILES } from '../../src/domain/access/profiles.ts'
import type { Principal } from '../../src/domain/access/principal.ts'
import { startAccessState } from '../../src/services/access-state.ts'
import { makeAuthorize } from '../../src/services/authorize.ts'
import { makeDecideSight } from '../../src/services/decide-sight.ts'
import { makeReadResource } from '../../src/services/read-resource.ts'
import { makeSearchResources } from '../../src/services/search-resources.ts'
import type { Db } from '../../src/storage/db.ts'
import { makePool } from '../../src/storage/pool.ts'
import { searchsetText } from '../../src/wire/fhir/bundle.ts'
import { parseSearch } from '../../src/wire/fhir/parse-search.ts'
import type { BareAnswer, BareStatement } from './bare-answers.ts'
import { silentLog } from './log.ts'
import type { ServiceCallers } from './service-callers.ts'

const [file = ''] = process.argv.slice(2)
const { databaseUrl, base, callers } = JSON.parse(fs.readFileSync(file, 'utf8')) as ServiceCallers
const pool = makePool({ connection: { connectionString: databaseUrl }, max: 20, log: silentLog })
const clock = (): Date => new Date()
const [profile] = POLICY_PROFILES
if (profile === undefined) throw new Error('There is no policy profile')
const state = await startAccessState({ pool, clock, log: silentLog })
const authorize = makeAuthorize({ state, profile, clock })
const recordAudit = async (): Promise<void> => undefined
const decideSight = makeDecideSight({ authorize, recordAudit, clock })
const context = { requestId: 'bench', channel: 'fhir' }

interface Answer {
  readonly text: string
  readonly count?: number | undefined
}

type Respond = (principal: Principal, url: URL) => Promise<Answer>

function responding(db: Db): Respond {
  const shared = { db, authorize, recordAudit, decideSight, clock, limitRate: () => undefined }
  const searchResources = makeSearchResources(shared)
  const readResource = makeReadResource(shared)

  async function searchset(principal: Principal, type: string, url: URL): Promise<Answer> {
    const pairs = [...url.searchParams]
    const search = parseSearch({ type, pairs, strict: true, base })
    const request = { search, query: url.search, hidden: false }
    const page = await searchResources(principal, request, context)
    const self = base + url.pathname + url.search
    const text = searchsetText({ ...page, id: 'bench', base, at: clock(), self, next: undefined })
    return { text, count: search.count }
  }

  return async (principal, url) => {
    const [, type = '', id] = url.pathname.split('/')
    if (id === undefined) return searchset(principal, type, url)
    const { content } = await readResource(principal, { type, id }, context)
    return { text: content }
  }
}

const respond = responding(pool)

/** What is asked of the planner is no part of the answer. */
async function record(principal: Principal, url: URL): Promise<Answer> {
  const statements: BareStatement[] = []
  const spying = {
    query(config: string | pg.QueryConfig, parameters: unknown[] = []) {
      const {
        name,
        text,
        values = [],
      } = typeof config === 'string'
        ? { name: undefined, text: config, values: parameters }
        : config
      if (!text.startsWith('explain')) statements.push({ name, text, values })
      return pool.query(text, values)
    },
  }
  const { count } = await responding(spying as unknown as Db)(principal, url)
  const answer: BareAnswer = { statements, count }
  return { text: JSON.stringify(answer) }
}

const principals = new Map(
  Object.entries(callers).map(([key, { actions, ...rest }]) => [
    key,
    { ...rest, actions: new Set(actions) },
  ]),
)

const server = createServer((req, res) => {
  const principal = principals.get(String(req.headers['x-caller']))
  const url = new URL(req.url ?? '', 'http://bare')
  const work = req.headers['x-record'] === undefined ? respond : record
  if (principal === undefined) {
    res.writeHead(404).end()
    return
  }
  work(principal, url).then(
    ({ text }) => {
      const body = Buffer.from(text)
      res.writeHead(200, { 'content-type': 'application/fhir+json', 'content-length': body.length })
      res.end(body)
    },
    (error: unknown) => {
      process.stderr.write(`${String(error)}\n`)
      res.writeHead(500).end()
    },
  )
})
server.listen(0, '127.0.0.1', () => {
  const address = server.address()
  if (address !== null && typeof address === 'object')
    process.stdout.write(`listening on ${address.port}\n`)
})
