import { readFileSync } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { PrismaPg } from '@prisma/adapter-pg'
import { bindMigrationAwareSqlAdapterFactory } from '@prisma/driver-adapter-utils'
import * as glue from '@prisma/schema-engine-wasm/schema_engine_bg'
import pg from 'pg'

/** The part of the WebAssembly interface used here; Node has it, its type declarations do not. */
declare const WebAssembly: {
  instantiate(
    program: Uint8Array,
    imports: Record<string, object>,
  ): Promise<{ instance: { exports: { __wbindgen_start(): void } } }>
}

const WITHOUT_FILTER = { externalTables: [], externalEnums: [] }

let instantiated: Promise<void> | undefined

/** Asks Prisma's own schema engine, compiled to WebAssembly, about one database, and leaves no connection open. */
async function askEngine<Answer>(
  connectionString: string,
  ask: (engine: glue.SchemaEngine) => Promise<Answer>,
): Promise<Answer> {
  instantiated ??= instantiate()
  await instantiated
  const pool = new pg.Pool({ connectionString })
  const factory = bindMigrationAwareSqlAdapterFactory(new PrismaPg(pool))
  const engine = await glue.SchemaEngine.new({ datamodels: undefined }, () => {}, factory)
  try {
    return await ask(engine)
  } finally {
    engine.free()
    await pool.end()
  }
}

/** The statements by which Prisma would make an empty database fit a schema. */
export async function scriptOfSchema(connectionString: string, schemaFile: string): Promise<string> {
  const files = [{ path: 'schema.prisma', content: await readFile(schemaFile, 'utf8') }]
  const { stdout } = await askEngine(connectionString, (engine) =>
    engine.diff({
      from: { tag: 'empty' },
      to: { tag: 'schemaDatamodel', files },
      script: true,
      exitCode: null,
      filters: WITHOUT_FILTER,
    }),
  )
  if (stdout === null) throw new Error('the schema engine gave no script')
  return stdout
}

/** What Prisma finds in the history of a database's migrations, and what its deployment then applies. */
export async function deploymentByPrisma(
  connectionString: string,
  directory: string,
): Promise<{ history: glue.DiagnoseMigrationHistoryOutput; applied: string[] }> {
  const migrationsList = await readMigrationList(directory)
  return askEngine(connectionString, async (engine) => {
    const history = await engine.diagnoseMigrationHistory({
      migrationsList,
      optInToShadowDatabase: false,
      filters: WITHOUT_FILTER,
    })
    const { appliedMigrationNames } = await engine.applyMigrations({
      migrationsList,
      filters: WITHOUT_FILTER,
    })
    return { history, applied: appliedMigrationNames }
  })
}

async function readMigrationList(directory: string): Promise<glue.MigrationList> {
  const entries = await readdir(directory, { withFileTypes: true })
  const names = entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name)
  return {
    baseDir: directory,
    lockfile: { path: 'migration_lock.toml', content: 'provider = "postgresql"\n' },
    shadowDbInitScript: '',
    migrationDirectories: await Promise.all(
      names.sort().map(async (name) => ({
        path: name,
        migrationFile: {
          path: 'migration.sql',
          content: {
            tag: 'ok' as const,
            value: await readFile(join(directory, name, 'migration.sql'), 'utf8'),
          },
        },
      })),
    ),
  }
}

/** The package imports its program as an ES module, which this Node does not do by itself yet. */
async function instantiate(): Promise<void> {
  const file = createRequire(import.meta.url).resolve('@prisma/schema-engine-wasm')
  const program = readFileSync(join(file, '..', 'schema_engine_bg.wasm'))
  const { instance } = await WebAssembly.instantiate(program, { './schema_engine_bg.js': glue })
  glue.__wbg_set_wasm(instance.exports)
  instance.exports.__wbindgen_start()
}
