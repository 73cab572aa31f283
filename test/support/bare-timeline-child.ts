/** The timeline without a hub: the same rows by the same index from a bare node:http and pg, for the bench. */
import { createServer } from 'node:http'
import pg from 'pg'

const [connectionString = ''] = process.argv.slice(2)
const pool = new pg.Pool({ connectionString, max: 10 })

const TIMELINE = `
select id, content from resource
 where type = 'ImagingStudy' and patient = $1 and content is not null and not quarantined
 order by date_from desc nulls last, id limit 51`

const server = createServer((req, res) => {
  const patient = new URL(req.url ?? '', 'http://bare').searchParams.get('patient')
  pool
    .query<{ id: string; content: string }>({ name: 't', text: TIMELINE, values: [patient] })
    .then(
      ({ rows }) => {
        const entries = rows.slice(0, 50).map(({ content }) => `{"resource":${content}}`)
        const body = Buffer.from(`{"resourceType":"Bundle","entry":[${entries.join(',')}]}`)
        res.writeHead(200, {
          'content-type': 'application/fhir+json',
          'content-length': body.length,
        })
        res.end(body)
      },
      () => res.writeHead(500).end(),
    )
})
server.listen(0, '127.0.0.1', () => {
  const address = server.address()
  if (address !== null && typeof address === 'object') {
    process.stdout.write(`listening on ${address.port}\n`)
  }
})
