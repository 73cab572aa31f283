/** `samsyn keys create`: the keys of a new installation, which a production hub does not make by itself. */
import path from 'node:path'
import { Command } from 'commander'
import { HubError } from '../kernel/errors.ts'

export interface KeysDeps {
  /** SAMSYN_KEY_FILE or its default; asked only where no file is named. */
  readonly keyFile: () => string
  /** Resolves false where the file is there already. */
  readonly createKeys: (file: string) => Promise<boolean>
}

export function keysCommand({ keyFile, createKeys }: KeysDeps): Command {
  const command = new Command('keys').description('The hub’s own keys')
  command
    .command('create')
    .description('Make the key file of a new installation; never touches one that is there')
    .option('--file <file>', 'where to (default: SAMSYN_KEY_FILE)')
    .action(async ({ file }: { readonly file?: string }) => {
      const target = file === undefined ? keyFile() : path.resolve(file)
      if (!(await createKeys(target)))
        throw new HubError('conflict', `${target} is there already, and is left as it is`)
      console.error(`samsyn: made ${target}; back it up: without it sealed data are lost`)
    })
  return command
}
