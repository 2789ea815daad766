/**
 * Answers under an Idempotency-Key. They are written in the transaction of what they tell about, so a crash can neither
 * lose nor double it; whoever asks meanwhile is told so by a lock that ends with that transaction.
 */
import { z } from 'zod'
import { isSameRequest } from '../contract/fingerprint.js'
import { keyInFlight, keyReused } from '../contract/problems.js'
import type { IdempotencyStore, Once } from '../training/ports/idempotency.js'
import type { Database, Prisma } from './database.js'
import { noRow, query, statement } from './statements.js'

const keptFor = `interval '24 hours'`

const findStatement = statement(
  'findAnswer',
  z.strictObject({ fingerprint: z.string(), answer: z.string() }),
  `SELECT fingerprint, answer FROM "IdempotencyKey"
    WHERE "tenantId" = $1 AND key = $2 AND "createdAt" > now() - ${keptFor}`,
)

const sweepStatement = statement(
  'sweepAnswers',
  noRow,
  `DELETE FROM "IdempotencyKey" WHERE "createdAt" <= now() - ${keptFor}`,
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
      WHERE "IdempotencyKey"."createdAt" <= now() - ${keptFor}
    RETURNING key`,
)

export function idempotencyStore(database: Database): IdempotencyStore {
  return {
    async find({ tenantId, key, fingerprint }) {
      const [row] = await query(database, findStatement, [tenantId, key])
      if (row === undefined) return null
      if (!isSameRequest(row.fingerprint, fingerprint)) throw keyReused()
      return JSON.parse(row.answer)
    },

    async sweep() {
      await query(database, sweepStatement, [])
    },
  }
}

/**
 * Creates something in a transaction, at most once for a key, and remembers the answer.
 * Throws Problem `idempotency-key-in-flight` when another request with that key was faster.
 */
export async function createOnce<T>(
  database: Pick<Database, 'inTransaction'>,
  tenantId: string,
  once: Once | undefined,
  create: (client: Prisma.TransactionClient) => Promise<T>,
  /** What a repeated request gets in place of the answer. */
  toRepeat: (answer: T) => object | T = (answer) => answer,
): Promise<T> {
  return database.inTransaction(tenantId, async (client) => {
    if (once === undefined) return create(client)
    await lock(client, once)
    const answer = await create(client)
    await remember(client, once, JSON.stringify(toRepeat(answer)))
    return answer
  })
}

async function lock(client: Prisma.TransactionClient, { tenantId, key }: Once): Promise<void> {
  const name = JSON.stringify(['Idempotency-Key', tenantId, key])
  const [row] = await query(client, lockStatement, [name])
  if (row?.locked !== true) throw keyInFlight()
}

async function remember(client: Prisma.TransactionClient, once: Once, answer: string): Promise<void> {
  const { tenantId, key, fingerprint } = once
  const written = await query(client, rememberStatement, [tenantId, key, fingerprint, answer])
  // Answered since we looked: asking again brings that answer.
  if (written.length === 0) throw keyInFlight()
}
