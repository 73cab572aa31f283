/** A self-signed certificate for localhost, made by openssl. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { requireProgram } from './peers.ts'

export interface CertificateFiles {
  readonly cert: string
  readonly key: string
}

/** Valid for `days` from now; skips the test and returns undefined where openssl is not installed. */
export function makeCertificate(t: TestContext, days = 365): CertificateFiles | undefined {
  const openssl = requireProgram(t, 'openssl')
  if (openssl === undefined) return undefined
  const folder = mkdtempSync(join(tmpdir(), 'samsyn-certificate-'))
  t.after(() => {
    rmSync(folder, { recursive: true })
  })
  const files = { cert: join(folder, 'cert.pem'), key: join(folder, 'key.pem') }
  execFileSync(
    openssl,
    [
      ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'],
      ...['-keyout', files.key, '-out', files.cert, '-days', String(days)],
      ...['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost'],
    ],
    { stdio: 'ignore' },
  )
  return files
}
