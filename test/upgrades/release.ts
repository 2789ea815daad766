/** The database of a release, and the answers of its API. */
import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import pg from 'pg'
import { z } from 'zod'

const folder = join(import.meta.dirname, '../fixtures/releases')

const recordedSchema = z.object({
  tenant: z.enum(['blue', 'green']),
  method: z.string(),
  path: z.string(),
  body: z.unknown().optional(),
  headers: z.record(z.string(), z.string()).optional(),
  status: z.int(),
  type: z.string(),
  /** JSON, the messages of a stream, text, or the SHA-256 of other bytes. */
  answer: z.unknown(),
})
export type Recorded = z.infer<typeof recordedSchema>

const releaseSchema = z.object({
  keys: z.object({ blue: z.string(), green: z.string(), revoked: z.string() }),
  /** Queued, or running on a worker that was killed. */
  unfinished: z.array(z.string()),
  paused: z.string(),
  recorded: z.array(recordedSchema),
})
export type Release = z.infer<typeof releaseSchema>

export async function readRelease(name: string): Promise<Release> {
  const text = gunzipSync(await readFile(join(folder, `${name}.answers.json.gz`))).toString()
  return releaseSchema.parse(JSON.parse(text))
}

/** In the format of scripts/record-release.mjs. */
export function readAnswer(type: string, bytes: Buffer): unknown {
  if (/json$/.test(type)) return JSON.parse(bytes.toString())
  if (type === 'text/event-stream') {
    return [...bytes.toString().matchAll(/^data: (.*)$/gm)].map(([, data]) => JSON.parse(data))
  }
  if (type.startsWith('text/')) return bytes.toString()
  const first = type === 'application/octet-stream' ? 8 + Number(bytes.readBigUInt64LE()) : 0
  return createHash('sha256').update(bytes.subarray(first)).digest('hex')
}

/** Restores the dump into an empty database. Rows with a limited lifetime become as old as if it was made now. */
export async function restoreRelease(name: string, connectionString: string): Promise<void> {
  const statements = gunzipSync(await readFile(join(folder, `${name}.sql.gz`))).toString()
  const client = new pg.Client({ connectionString })
  await client.connect()
  try {
    await client.query(statements)
    await client.query(`
      UPDATE public."IdempotencyKey" SET "createdAt" = now();
      UPDATE public."WebhookDelivery" SET "createdAt" = "createdAt" + age FROM
        (SELECT now() - max("createdAt") AS age FROM public."WebhookDelivery") AS newest;
      UPDATE public."Job" SET "heartbeatAt" = now() WHERE status = 'running'`)
  } finally {
    await client.end()
  }
}
