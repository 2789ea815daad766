/**
 * Answers under an Idempotency-Key. Each is written in the transaction of what it reports, so a crash can
 * neither lose nor repeat it. An advisory lock until the end of the transaction rejects concurrent requests
 * with the key.
 */
import { z } from 'zod'
import { isSameRequest } from '../contract/fingerprint.js'
import { keyInFlight, keyReused } from '../contract/problems.js'
import type { IdempotencyStore, Once } from '../training/ports/idempotency.js'
import type { Database } from './database.js'
import { packJson, unpackJson } from './packed-json.js'
import { type Client, noRow, query, statement } from './statements.js'

const retention = `interval '24 hours'`

const findStatement = statement(
  'findAnswer',
  z.strictObject({ fingerprint: z.string(), answer: z.instanceof(Uint8Array) }),
  `SELECT fingerprint, answer FROM "IdempotencyKey"
    WHERE "tenantId" = $1 AND key = $2 AND "createdAt" > now() - ${retention}`,
)

const cleanUpStatement = statement(
  'cleanUpAnswers',
  noRow,
  `DELETE FROM "IdempotencyKey" WHERE "createdAt" <= now() - ${retention}`,
)

const lockStatement = statement(
  'lockIdempotencyKey',
  z.strictObject({ locked: z.boolean() }),
  'SELECT pg_try_advisory_xact_lock(hashtextextended($1, 0)) AS locked',
)

const rememberStatement = statement(
  'rememberAnswer',
  z.strictObject({ key: z.string() }),
  `INSERT INTO "IdempotencyKey" ("tenantId", key, fingerprint, answer) VALUES ($1, $2, $3, $4)
    ON CONFLICT ("tenantId", key) DO UPDATE
      SET fingerprint = excluded.fingerprint, answer = excluded.answer, "createdAt" = excluded."createdAt"
      WHERE "IdempotencyKey"."createdAt" <= now() - ${retention}
    RETURNING key`,
)

export function idempotencyStore(database: Database): IdempotencyStore {
  return {
    async find({ tenantId, key, fingerprint }) {
      const [row] = await query(database, findStatement, [tenantId, key])
      if (row === undefined) return null
      if (!isSameRequest(row.fingerprint, fingerprint)) throw keyReused()
      return unpackJson(row.answer)
    },

    async cleanUp() {
      await query(database, cleanUpStatement, [])
    },
  }
}

/**
 * Creates something at most once per key, and stores the answer. Called in a transaction, first.
 * @throws Problem `idempotency-key-in-flight` if another request with the key is running
 */
export async function createOnce<T>(
  client: Client,
  once: Once | undefined,
  create: () => Promise<T>,
  /** The answer to store for repeated requests. */
  toRepeat: (answer: T) => object | T = (answer) => answer,
): Promise<T> {
  if (once === undefined) return create()
  await lock(client, once)
  const answer = await create()
  await remember(client, once, packJson(toRepeat(answer)))
  return answer
}

async function lock(client: Client, { tenantId, key }: Once): Promise<void> {
  const name = JSON.stringify(['Idempotency-Key', tenantId, key])
  const [row] = await query(client, lockStatement, [name])
  if (row?.locked !== true) throw keyInFlight()
}

async function remember(client: Client, once: Once, answer: Uint8Array): Promise<void> {
  const { tenantId, key, fingerprint } = once
  const written = await query(client, rememberStatement, [tenantId, key, fingerprint, answer])
  // The key was answered after `find`. A retry returns that answer.
  if (written.length === 0) throw keyInFlight()
}
