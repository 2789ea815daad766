/** Encrypted secrets of webhooks. All that have not expired sign; the current one does not expire. */
import { randomUUID } from 'node:crypto'
import { z } from 'zod'
import { Problem } from '../contract/problems.js'
import type { SecretBox } from '../training/ports/webhooks.js'
import type { Database, Prisma } from './database.js'
import { send, statement } from './statements.js'

const anyWebhookStatement = statement(
  'anyWebhook',
  z.strictObject({ found: z.int() }),
  'SELECT 1 AS found FROM "Webhook" LIMIT 1',
)

/** The maximum number of secrets of a webhook that sign at the same time. */
const maximumSecrets = 5

/** The format of secrets before they were encrypted. */
const plain = /^whsec_/

/** @throws Problem `unavailable` if the service has no webhook keys */
export function requireBox(box: SecretBox | null): SecretBox {
  if (box !== null) return box
  throw new Problem(
    'unavailable',
    'Webhook secrets cannot be encrypted: the setting WEBHOOK_KEYS is missing. The operator of the service must set it.',
  )
}

export const sealedSecret = (box: SecretBox, webhookId: string, secret: string) => ({
  id: randomUUID(),
  sealed: box.seal(secret, webhookId),
})

/** Makes the secret the current one. The others expire after the overlap, or at once without one. */
export async function replaceSecret(
  client: Prisma.TransactionClient,
  box: SecretBox,
  { webhookId, secret, overlapSeconds }: { webhookId: string; secret: string; overlapSeconds: number },
): Promise<Date | null> {
  const endsAt = new Date(Date.now() + overlapSeconds * 1_000)
  if (overlapSeconds === 0) await client.webhookSecret.deleteMany({ where: { webhookId } })
  else
    await client.webhookSecret.updateMany({
      where: { webhookId, expiresAt: null },
      data: { expiresAt: endsAt },
    })
  const kept = await client.webhookSecret.findMany({
    where: { webhookId },
    orderBy: { expiresAt: 'desc' },
    select: { id: true },
  })
  const surplus = kept.slice(maximumSecrets - 1).map(({ id }) => id)
  await client.webhookSecret.deleteMany({ where: { id: { in: surplus } } })
  await client.webhookSecret.create({ data: { ...sealedSecret(box, webhookId, secret), webhookId } })
  return overlapSeconds === 0 ? null : endsAt
}

/** Every start asks. Prisma's first query would compile its WebAssembly before the process is ready. */
export async function hasWebhooks(database: Database): Promise<boolean> {
  return (await send(database.pool, anyWebhookStatement, [])).length > 0
}

/**
 * Encrypts secrets that are in plain text or under an earlier key. Several processes may call it at once.
 * @returns the webhooks with secrets that no key decrypts
 */
export async function sealSecrets(database: Database, box: SecretBox): Promise<string[]> {
  const unreadable = new Set<string>()
  for (const { id, webhookId, sealed } of await database.webhookSecret.findMany()) {
    if (box.isCurrent(sealed)) {
      if (box.open(sealed, webhookId) === null) unreadable.add(webhookId)
      continue
    }
    const secret = plain.test(sealed) ? sealed : box.open(sealed, webhookId)
    if (secret === null) unreadable.add(webhookId)
    else {
      const data = { sealed: box.seal(secret, webhookId) }
      await database.webhookSecret.updateMany({ where: { id, sealed }, data })
    }
  }
  return [...unreadable]
}
