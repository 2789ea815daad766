/** Keys that the built command creates in a separate database. */
import { spawnSync } from 'node:child_process'

/** @param words after the tenant, such as `--scopes jobs:read` */
export function createKey(database: string, tenant: string, ...words: string[]): string {
  const made = spawnSync(
    process.execPath,
    ['dist/src/commands/keys.js', 'create', '--tenant', tenant, ...words],
    { encoding: 'utf8', env: { ...process.env, HOST: '', DATABASE_URL: database, REDIS_URL: '' } },
  )
  const key = /^descent_[0-9a-f]{104}$/m.exec(made.stdout)?.[0]
  if (key === undefined) throw new Error(`no key was created: ${made.stdout}${made.stderr}`)
  return key
}
