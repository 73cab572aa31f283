/** The command line: each verb with what it needs, opened when it runs. */
import { Command } from 'commander'
import { auditCommand } from './commands/audit.ts'
import { clientCommand } from './commands/client.ts'
import { doctorCommand } from './commands/doctor.ts'
import { reportFailure } from './commands/failure.ts'
import { fetchCommand } from './commands/fetch.ts'
import { makeHubAccess } from './commands/hub-access.ts'
import { hl7SenderCommand } from './commands/hl7-sender.ts'
import { identityCommand } from './commands/identity.ts'
import { keysCommand } from './commands/keys.ts'
import { memberCommand } from './commands/member.ts'
import { migrateCommand } from './commands/migrate.ts'
import { publishCommand } from './commands/publish.ts'
import { serveCommand } from './commands/serve.ts'
import { sourceCommand } from './commands/source.ts'
import { tokenCommand } from './commands/token.ts'
import { workCommand } from './commands/work.ts'
import { makeLog } from './compose-log.ts'
import { openAdministration, openAuditLog, startWork } from './compose-commands.ts'
import { openDatabase, openObjects } from './compose-storage.ts'
import { startHub } from './compose.ts'
import { readConfig, readConfigWith } from './config.ts'
import { createKeys } from './storage/key-file.ts'
import { migrate } from './storage/migrate.ts'
import { VERSION } from './version.ts'

const clock = (): Date => new Date()
const commandLog = makeLog('warn', 2)

async function migrateDatabase(): Promise<readonly string[]> {
  const database = await openDatabase(readConfig(), 'command', commandLog)
  return migrate(database.pool).finally(() => database.close())
}

function makeProgram(): Command {
  const administration = { open: () => openAdministration({ clock, log: commandLog }) }
  const access = makeHubAccess({ settings: () => readConfig(), clock })
  const program = new Command('samsyn')
    .description('A cross-organisation medical imaging hub')
    .version(VERSION)
    .configureHelp({ sortSubcommands: true })
  const commands = [
    serveCommand({
      startHub: () => {
        const config = readConfig()
        return startHub({ config, clock, log: makeLog(config.logLevel, 1) })
      },
    }),
    workCommand({ startWork: () => startWork({ clock }) }),
    migrateCommand({ migrate: migrateDatabase }),
    keysCommand({ keyFile: () => readConfig().keyFile, createKeys }),
    memberCommand(administration),
    clientCommand(administration),
    sourceCommand(administration),
    identityCommand(administration),
    hl7SenderCommand(administration),
    publishCommand(access),
    fetchCommand(access),
    tokenCommand({ settings: () => readConfig() }),
    auditCommand({
      open: () => openAuditLog(commandLog),
      out: process.stdout,
      setExitCode: (code) => {
        process.exitCode = code
      },
    }),
    doctorCommand({
      readConfig: () => readConfig(),
      openDatabase: (config) => openDatabase(config, 'command', commandLog),
      openObjects,
      clock,
      nodeVersion: process.versions.node,
    }),
  ]
  for (const command of commands) program.addCommand(command)
  return program
}

/** The demo is not part of the production image: where its folder is absent, so is its command. */
async function addDemo(program: Command): Promise<void> {
  const demo = await import('./commands/demo.ts').catch((error: unknown) => {
    if (error instanceof Error && 'code' in error && error.code === 'ERR_MODULE_NOT_FOUND') return
    throw error
  })
  if (demo === undefined) return
  const command = demo.demoCommand({
    config: (over) => readConfigWith(over),
    startHub: (config) => startHub({ config, clock, log: makeLog('warn', 2) }),
    clock,
  })
  program.addCommand(command)
}

const program = makeProgram()
await addDemo(program)
for (const command of [program, ...program.commands.flatMap((one) => [one, ...one.commands])])
  command.exitOverride().showHelpAfterError('(add --help for the options)')
await program.parseAsync().catch((error: unknown) => {
  process.exitCode = reportFailure(error)
})
