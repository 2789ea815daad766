/** The key of a service that was given none: made at its first start and kept beside its database. */
import { randomBytes, randomUUID } from 'node:crypto'
import { link, mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { keyBytes } from './secret-box.js'

/** The given keys, then that of the data directory; when there is none, one is made that only the owner can read. */
export async function withKeyFile(given: string[], directory: string): Promise<string[]> {
  const path = join(directory, 'webhook-key')
  const kept = await read(path)
  if (kept !== null) return [...given, kept]
  return given.length > 0 ? given : [await make(directory, path)]
}

async function read(path: string): Promise<string | null> {
  try {
    const key = (await readFile(path, 'utf8')).trim()
    if (Buffer.from(key, 'base64').length === keyBytes) return key
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null
    throw error
  }
  throw new Error(`${path} is not base64 of ${keyBytes} bytes: restore it, or set WEBHOOK_KEYS`)
}

/** Linked when it is whole, and never over another. */
async function make(directory: string, path: string): Promise<string> {
  await mkdir(directory, { recursive: true })
  const draft = `${path}.${randomUUID()}`
  const key = randomBytes(keyBytes).toString('base64')
  await writeFile(draft, `${key}\n`, { mode: 0o600, flag: 'wx', flush: true })
  try {
    await link(draft, path)
  } finally {
    await rm(draft)
  }
  return key
}
