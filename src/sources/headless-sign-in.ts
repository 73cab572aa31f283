/** A browser in miniature: keeps cookies, follows redirects, fills in one login form (for the demo's issuer). */
import { fetch, type Response } from 'undici'
import { HubError } from '../kernel/errors.ts'

export interface LoginForm {
  readonly username: string
  readonly password: string
  readonly redirectUri: string
}

const MAX_STEPS = 12

/** Resolves to the redirect that carries the answer. Throws `forbidden` where name or password is wrong. */
export async function headlessSignIn(start: URL, form: LoginForm): Promise<URL> {
  const jar = new Map<string, string>()
  let url = start
  let posted = false
  for (let step = 0; step < MAX_STEPS; step++) {
    if (url.href.startsWith(form.redirectUri)) return url
    const response = await get(url, jar)
    const next = redirectOf(response, url)
    if (next !== undefined) {
      url = next
      continue
    }
    if (posted || response.status !== 200) throw failed()
    posted = true
    const answer = await post(url, jar, form)
    const after = redirectOf(answer, url)
    if (after === undefined)
      throw new HubError('forbidden', 'The issuer does not accept this user name and password')
    url = after
  }
  throw failed()
}

async function get(url: URL, jar: Map<string, string>): Promise<Response> {
  const response = await fetch(url, { redirect: 'manual', headers: { cookie: cookies(jar) } })
  return keepCookies(response, jar)
}

async function post(url: URL, jar: Map<string, string>, form: LoginForm): Promise<Response> {
  const { username, password } = form
  const response = await fetch(url, {
    method: 'POST',
    redirect: 'manual',
    headers: { cookie: cookies(jar), origin: url.origin },
    body: new URLSearchParams({ username, password }),
  })
  return keepCookies(response, jar)
}

async function keepCookies(response: Response, jar: Map<string, string>): Promise<Response> {
  for (const cookie of response.headers.getSetCookie()) {
    const [pair = ''] = cookie.split(';')
    const at = pair.indexOf('=')
    jar.set(pair.slice(0, at), pair.slice(at + 1))
  }
  await response.body?.cancel()
  return response
}

function cookies(jar: ReadonlyMap<string, string>): string {
  return [...jar].map(([name, value]) => `${name}=${value}`).join('; ')
}

function redirectOf(response: Response, from: URL): URL | undefined {
  const location = response.headers.get('location')
  return location === null ? undefined : new URL(location, from)
}

function failed(): HubError {
  return new HubError('source-failed', 'The issuer’s sign-in page did not answer as expected')
}
