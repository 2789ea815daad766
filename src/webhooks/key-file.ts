/** The webhook key of a service without WEBHOOK_KEYS: a file in its data directory. */
import { randomBytes, randomUUID } from 'node:crypto'
import { link, mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { keyBytes } from './secret-box.js'

/** The given keys, then the key of the data directory. Without any key, creates a file that only its owner can read. */
export async function withKeyFile(given: string[], directory: string): Promise<string[]> {
  const path = join(directory, 'webhook-key')
  const stored = await readKey(path)
  if (stored !== null) return [...given, stored]
  return given.length > 0 ? given : [await createKey(directory, path)]
}

async function readKey(path: string): Promise<string | null> {
  try {
    const key = (await readFile(path, 'utf8')).trim()
    if (Buffer.from(key, 'base64').length === keyBytes) return key
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null
    throw error
  }
  throw new Error(`${path} is not base64 of ${keyBytes} bytes. Restore it from a backup, or set WEBHOOK_KEYS`)
}

/** Links a complete file, so that no crash leaves a partial key, and no existing key is replaced. */
async function createKey(directory: string, path: string): Promise<string> {
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
