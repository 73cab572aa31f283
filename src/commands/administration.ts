/** What the commands that manage members, clients and sources have in common. */
import { readFile } from 'node:fs/promises'
import { text } from 'node:stream/consumers'
import { HubError } from '../kernel/errors.ts'
import type { Administration, Operator } from '../services/administration.ts'

export interface OpenAdministration {
  readonly administration: Administration
  readonly operator: Operator
  close(): Promise<void>
}

export interface AdministrationDeps {
  /** Opens configuration, database and services; called when a command runs, not for --help. */
  readonly open: () => Promise<OpenAdministration>
}

export async function withAdministration<Result>(
  { open }: AdministrationDeps,
  work: (administration: Administration, operator: Operator) => Promise<Result>,
): Promise<Result> {
  const opened = await open()
  try {
    return await work(opened.administration, opened.operator)
  } finally {
    await opened.close()
  }
}

/** A secret's or key's text from a file, `-` for standard input: never from the command line, which `ps` shows. */
export async function readSecret(file: string): Promise<string> {
  const content = file === '-' ? await text(process.stdin) : await readNamed(file)
  return content.replace(/\r?\n$/, '')
}

async function readNamed(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8')
  } catch (error) {
    throw new HubError('invalid', `${file} cannot be read`, { cause: error })
  }
}
