import assert from 'node:assert/strict'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { startChild, type RunningChild } from '../support/children.ts'

const CHILD = path.join(import.meta.dirname, '../support/embedded-postgres-child.ts')

function folderFor(t: TestContext): string {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'samsyn-pg-'))
  fs.chmodSync(folder, 0o755)
  t.after(() => {
    fs.rmSync(folder, { recursive: true, force: true })
  })
  return folder
}

function start(t: TestContext, folder: string, holder = 'server'): RunningChild {
  const child = startChild(process.execPath, [CHILD, folder, holder])
  t.after(() => child.kill('SIGKILL'))
  return child
}

async function rowsAtStart(child: RunningChild): Promise<number> {
  return Number((await child.line(/^ready /)).split(' ')[1])
}

function acknowledged(child: RunningChild): number {
  return child.output().match(/^kept /gm)?.length ?? 0
}

function postmaster(folder: string): number {
  const file = path.join(folder, 'cluster/postmaster.pid')
  return Number(fs.readFileSync(file, 'utf8').split('\n')[0])
}

describe('embedded PostgreSQL', () => {
  for (const victim of ['server', 'postmaster', 'both'] as const) {
    it(`loses no acknowledged row when kill -9 hits ${victim}`, async (t) => {
      const folder = folderFor(t)
      const first = start(t, folder)
      await first.line(/^kept 20$/)
      const pid = postmaster(folder)
      if (victim !== 'server') process.kill(pid, 'SIGKILL')
      if (victim !== 'postmaster') first.process.kill('SIGKILL')
      await first.kill('SIGKILL')

      const second = start(t, folder)
      assert.ok((await rowsAtStart(second)) >= acknowledged(first))
      await second.kill('SIGTERM')
    })
  }

  it('keeps its data between starts and leaves no process after a stop', async (t) => {
    const folder = folderFor(t)
    const first = start(t, folder)
    await first.line(/^kept 3$/)
    const pid = postmaster(folder)
    await first.kill('SIGTERM')
    assert.throws(() => process.kill(pid, 0), { code: 'ESRCH' })

    const second = start(t, folder)
    assert.ok((await rowsAtStart(second)) >= 3)
    await second.kill('SIGTERM')
  })

  it('is shared by commands while a server holds it, and refused to a second server', async (t) => {
    const folder = folderFor(t)
    const server = start(t, folder)
    await server.line(/^kept 1$/)

    const command = start(t, folder, 'command')
    assert.ok((await rowsAtStart(command)) >= 1)
    await command.kill('SIGTERM')
    const second = start(t, folder)
    await assert.rejects(second.line(/^ready/), /in use by process/)
    const before = acknowledged(server)
    await server.line(new RegExp(`^kept ${before + 5}$`))
  })

  it('runs where its user cannot reach the folder asked for', async (t) => {
    const folder = folderFor(t)
    fs.chmodSync(folder, 0o700)
    const child = start(t, path.join(folder, 'deeper'))
    assert.equal(await rowsAtStart(child), 0)
    const [, , cluster = ''] = (await child.line(/^ready /)).split(' ')
    await child.kill('SIGTERM')
    fs.rmSync(path.dirname(cluster), { recursive: true, force: true })
  })
})
