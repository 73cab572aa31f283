/** CPU time of a server with all its child processes, from /proc: the figure that survives a noisy machine. */
import fs from 'node:fs'

const TICK_MS = 10 // USER_HZ is 100 on every Linux this runs on

/** User and system time so far of `pid` and every process below it, milliseconds. */
export function cpuMs(pid: number): number {
  return familyOf(pid).reduce((sum, member) => sum + ownCpuMs(member), 0)
}

/** Resident memory of the process itself, megabytes. */
export function residentMb(pid: number): number {
  const status = fs.readFileSync(`/proc/${pid}/status`, 'utf8')
  return Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1] ?? 0) / 1024
}

function familyOf(root: number): readonly number[] {
  const parents = new Map<number, number>()
  for (const name of fs.readdirSync('/proc')) {
    if (/^\d+$/.test(name)) parents.set(Number(name), statOf(Number(name)).parent)
  }
  const family = [root]
  for (const member of family) {
    for (const [pid, parent] of parents) if (parent === member) family.push(pid)
  }
  return family
}

function ownCpuMs(pid: number): number {
  return statOf(pid).ticks * TICK_MS
}

/** proc(5): the command's name may hold spaces and brackets, so fields are counted after the last one. */
function statOf(pid: number): { parent: number; ticks: number } {
  try {
    const stat = fs.readFileSync(`/proc/${pid}/stat`, 'utf8')
    const fields = stat
      .slice(stat.lastIndexOf(')') + 2)
      .split(' ')
      .map(Number)
    const [, parent = 0] = fields
    // Children that have ended count too (cutime, cstime): PostgreSQL forks per session.
    const ticks = fields.slice(11, 15).reduce((sum, field) => sum + field, 0)
    return { parent, ticks }
  } catch {
    return { parent: 0, ticks: 0 } // ended meanwhile
  }
}
