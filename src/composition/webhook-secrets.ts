import type { Logger } from 'pino'
import type { Database } from '../store/database.js'
import { hasWebhooks, sealSecrets } from '../store/webhook-secrets.js'
import type { SecretBox } from '../training/ports/webhooks.js'
import { openSecretBox } from '../webhooks/secret-box.js'

const noWebhookKeys =
  'set WEBHOOK_KEYS to the output of `openssl rand -base64 32`, the same for all API processes, and protect it like the ' +
  'password of the database'

/**
 * Encrypts secrets that earlier releases stored as plain text, and those encrypted with an older key.
 * @returns null without keys
 * @throws Error if webhooks exist without keys
 */
export async function openWebhookSecrets(
  keys: readonly string[],
  database: Database,
  log: Logger,
): Promise<SecretBox | null> {
  if (keys.length === 0) {
    if (!(await hasWebhooks(database))) {
      log.warn(`no webhook can be registered: ${noWebhookKeys}`)
      return null
    }
    throw new Error(
      `The database has webhooks, but there is no key to encrypt their secrets: ${noWebhookKeys}`,
    )
  }
  const box = openSecretBox(keys)
  const webhooks = await sealSecrets(database, box)
  if (webhooks.length > 0) {
    log.error(
      { webhooks },
      'no key of WEBHOOK_KEYS decrypts the secrets of these webhooks, so nothing is sent to them: add the key that encrypted ' +
        'them, or replace the secrets (POST /webhooks/{id}/rotate-secret)',
    )
  }
  return box
}
