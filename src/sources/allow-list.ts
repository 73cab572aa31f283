/**
 * Where the hub may call: hosts and ports of SAMSYN_EGRESS_ALLOW, judged by name before a look-up and by
 * address after it, so that a name on the list cannot lead somewhere else (OWASP SSRF prevention).
 */
import { BlockList, isIP, isIPv4 } from 'node:net'

export interface AllowList {
  /** May this host, as written in a URL, be called at this port? */
  allowsHost(host: string, port: number): boolean
  /** May an address that an allowed name led to be connected to? */
  allowsAddress(address: string, port: number): boolean
}

interface Entry {
  readonly host: string
  /** Absent: any port. */
  readonly port: number | undefined
}

/**
 * `entries` are `host:port`, `host` (any port) or `loopback`; an IPv6 address stands in brackets. An
 * address that leads back to this machine or to its link (loopback, link-local, unspecified, multicast)
 * must be listed itself: a name that resolves to it is not enough.
 */
export function makeAllowList(entries: readonly string[]): AllowList {
  const loopback = entries.includes('loopback')
  const listed = entries.filter((entry) => entry !== 'loopback').map(parseEntry)
  const isListed = (host: string, port: number): boolean =>
    listed.some((entry) => entry.host === host && (entry.port ?? port) === port)

  const allowsHost = (host: string, port: number): boolean => {
    const name = bare(host)
    if (isListed(name, port)) return true
    return loopback && (name === 'localhost' || isWithin(LOOPBACK, name))
  }
  return {
    allowsHost,
    allowsAddress: (address, port) => {
      if (!isWithin(LOOPBACK, address) && !isWithin(NEAR, address)) return true
      if (isWithin(LOOPBACK, address) && isListed('localhost', port)) return true
      return allowsHost(address, port)
    },
  }
}

/** What follows the last colon is a port, unless the colon is part of a bracketed address. */
function parseEntry(entry: string): Entry {
  const found = /^(\[[^\]]+\]|[^:]+)(?::(\d{1,5}))?$/.exec(entry.trim())
  if (found === null) throw new Error(`Not host:port: ${entry}`)
  const [, host = '', port] = found
  return { host: bare(host), port: port === undefined ? undefined : Number(port) }
}

const bare = (host: string): string => host.toLowerCase().replace(/^\[(.*)\]$/, '$1')

function blockList(subnets: readonly (readonly [string, number])[]): BlockList {
  const list = new BlockList()
  for (const [net, prefix] of subnets) list.addSubnet(net, prefix, isIPv4(net) ? 'ipv4' : 'ipv6')
  return list
}

const LOOPBACK = blockList([
  ['127.0.0.0', 8],
  ['::1', 128],
])

/** Unspecified, link-local (cloud metadata services live there), multicast and broadcast. */
const NEAR = blockList([
  ['0.0.0.0', 8],
  ['169.254.0.0', 16],
  ['224.0.0.0', 3],
  ['::', 128],
  ['fe80::', 10],
  ['ff00::', 8],
])

function isWithin(list: BlockList, host: string): boolean {
  const family = isIP(host)
  return family !== 0 && list.check(host, family === 4 ? 'ipv4' : 'ipv6')
}
