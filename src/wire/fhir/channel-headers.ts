/** `Subscription.channel.header`: what a subscriber wants sent along, which mostly is a secret. */

export interface ChannelHeader {
  readonly name: string
  readonly value: string
}

/** Stands for a value that is kept and not shown; sent back in an update, it means the one that is kept. */
const MASK = '********'

const MAX_HEADERS = 10
const MAX_VALUE = 2_048

/** RFC 9110 section 5.6.2, and no control characters in the value. */
const HEADER = /^(?<name>[!#$%&'*+.^_`|~0-9A-Za-z-]{1,64}): ?(?<value>[\x20-\x7e]*)$/

/** What rules the message itself, its signature or its way; anything that a proxy would act on. */
const OURS = new Set([
  ...['accept', 'accept-encoding', 'connection', 'content-digest', 'content-encoding', 'cookie'],
  ...['content-length', 'content-type', 'date', 'expect', 'forwarded', 'host', 'keep-alive', 'te'],
  ...[
    'signature',
    'signature-input',
    'trailer',
    'transfer-encoding',
    'upgrade',
    'via',
    'user-agent',
  ],
])
const OUR_PREFIXES = ['proxy-', 'sec-', 'x-forwarded-', 'x-http-method']

export type HeadersReading =
  | { readonly headers: readonly ChannelHeader[]; readonly problem?: undefined }
  | { readonly problem: string }

/** `kept` are those of the version before, whose values may come back masked. */
export function readChannelHeaders(
  texts: readonly unknown[],
  kept: readonly ChannelHeader[],
): HeadersReading {
  if (texts.length > MAX_HEADERS) return { problem: `At most ${MAX_HEADERS} headers` }
  const headers: ChannelHeader[] = []
  for (const text of texts) {
    const { name, value } = HEADER.exec(String(text))?.groups ?? {}
    if (name === undefined || value === undefined || value.length > MAX_VALUE)
      return { problem: `A header is "Name: value" in ASCII of at most ${MAX_VALUE} characters` }
    if (isOurs(name.toLowerCase())) return { problem: `The hub sends no header ${name} for others` }
    const meant = value === MASK ? valueOf(name, kept) : value
    if (meant === undefined)
      return { problem: `The value of ${name} is not kept for this endpoint: send it` }
    headers.push({ name, value: meant })
  }
  return { headers }
}

function valueOf(name: string, kept: readonly ChannelHeader[]): string | undefined {
  return kept.find((one) => one.name.toLowerCase() === name.toLowerCase())?.value
}

function isOurs(name: string): boolean {
  return OURS.has(name) || OUR_PREFIXES.some((prefix) => name.startsWith(prefix))
}

/** As every reader sees it. */
export function maskedHeader({ name }: ChannelHeader): string {
  return `${name}: ${MASK}`
}
