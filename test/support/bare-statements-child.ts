/**
 * A registry without a hub, for benches: a bare node:http and pg that run the statements a hub prints and return
 * the stored bytes. Argument: a file of `BareAnswers` as JSON.
 */
import fs from 'node:fs'
import { createServer, type ServerResponse } from 'node:http'
import pg from 'pg'
import type { BareAnswer, BareAnswers } from './bare-answers.ts'

const [file = ''] = process.argv.slice(2)
const { databaseUrl, answers } = JSON.parse(fs.readFileSync(file, 'utf8')) as BareAnswers
const pool = new pg.Pool({ connectionString: databaseUrl, max: 20 })

interface Row {
  readonly content: string
}

async function textOf({ statements, count }: BareAnswer): Promise<string> {
  const found: string[] = []
  for (const { name, text, values } of statements) {
    const { rows } = await pool.query<Row>({ text, values, ...(name && { name }) })
    for (const { content } of rows.slice(0, count ?? rows.length)) found.push(content)
  }
  if (count === undefined) return found[0] ?? ''
  const entries = found.map((content) => `{"resource":${content}}`)
  return `{"resourceType":"Bundle","entry":[${entries.join(',')}]}`
}

function send(res: ServerResponse, text: string): void {
  const body = Buffer.from(text)
  res.writeHead(200, { 'content-type': 'application/fhir+json', 'content-length': body.length })
  res.end(body)
}

const server = createServer((req, res) => {
  const answer = answers[`${String(req.headers['x-caller'])} ${req.url ?? ''}`]
  if (answer === undefined) {
    res.writeHead(404).end()
    return
  }
  textOf(answer).then(
    (text) => {
      send(res, text)
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
