/** `samsyn migrate`: the database schema brought up to date. */
import { Command } from 'commander'
import { printJson } from './print.ts'

export interface MigrateDeps {
  /** Applies what is pending; resolves with the names of what it applied. */
  readonly migrate: () => Promise<readonly string[]>
}

export function migrateCommand({ migrate }: MigrateDeps): Command {
  return new Command('migrate')
    .description('Bring the database schema up to date; `serve` does so at its start too')
    .option('--json', 'print JSON')
    .action(async ({ json }: { readonly json?: true }) => {
      const applied = await migrate()
      if (json) printJson({ applied })
      else if (applied.length === 0) console.log('The database schema is up to date')
      else for (const name of applied) console.log(`applied ${name}`)
    })
}
