/** Runs a command on the database of DATABASE_URL, or on the embedded one, whether or not the service runs. */
import { join } from 'node:path'
import { pino } from 'pino'
import { type Config, defaultLimits, readConfig } from '../config.js'
import { commandActor } from '../process/command-actor.js'
import type { Database } from '../store/database.js'
import { FolderInUseError, findEmbeddedPostgres, startEmbeddedPostgres } from '../store/embedded-postgres.js'
import { keyStore } from '../store/keys.js'
import { withMigratedDatabase } from '../store/migrated-database.js'
import { tenantStore } from '../store/tenants.js'
import type { Command } from './command.js'

export async function runCommand(command: Command, config = readConfig()): Promise<void> {
  await withServiceDatabase(config, (database) =>
    command({
      keys: keyStore(database),
      tenants: tenantStore(database),
      settings: defaultLimits(config),
      actor: commandActor(),
    }),
  )
}

/** Opens the database of the service until `work` ends. */
export async function withServiceDatabase(
  config: Config,
  work: (database: Database) => Promise<void>,
): Promise<void> {
  const { connectionString, stop } = await reachDatabase(config)
  try {
    await withMigratedDatabase(connectionString, work)
  } finally {
    await stop()
  }
}

/** Starts the embedded PostgreSQL until `stop`, unless the service runs. */
async function reachDatabase(config: Config): Promise<{ connectionString: string; stop(): Promise<void> }> {
  if (config.DATABASE_URL !== undefined) {
    return { connectionString: config.DATABASE_URL, stop: async () => {} }
  }
  const directory = join(config.DATA_DIRECTORY, 'postgres')
  try {
    return await startEmbeddedPostgres({ directory, log: pino({ level: 'silent' }) })
  } catch (error) {
    const connectionString = error instanceof FolderInUseError ? findEmbeddedPostgres(directory) : undefined
    if (connectionString === undefined) throw error
    return { connectionString, stop: async () => {} }
  }
}
