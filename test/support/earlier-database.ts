/** A database as an earlier release left it: with the migrations up to one of them. */
import { cp, mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { expect } from 'vitest'
import { applyMigrations } from '../../src/store/migrations.js'
import { freshDatabase } from './postgres.js'

const ours = join(import.meta.dirname, '../../prisma/migrations')

export interface EarlierDatabase {
  connectionString: string
  client: pg.Client
  /** Applies the other migrations. */
  upgrade(): Promise<unknown>
  drop(): Promise<void>
}

/** @param applied how many of the first migrations it has */
export async function earlierDatabase(applied: number): Promise<EarlierDatabase> {
  const { connectionString, drop } = await freshDatabase('empty')
  const folder = await mkdtemp(join(tmpdir(), 'descent-migrations-'))
  const names = (await readdir(ours)).filter(
    (name) => /^\d{4}_/.test(name) && Number(name.slice(0, 4)) <= applied,
  )
  expect(names).toHaveLength(applied)
  for (const name of names) await cp(join(ours, name), join(folder, name), { recursive: true })
  await applyMigrations(connectionString, folder)
  await rm(folder, { recursive: true })
  const client = new pg.Client({ connectionString })
  await client.connect()
  return {
    connectionString,
    client,
    upgrade: () => applyMigrations(connectionString, ours),
    async drop() {
      await client.end()
      await drop()
    },
  }
}
