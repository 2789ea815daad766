/**
 * Encrypts the secrets of webhooks at rest with AES-256-GCM. The id of the webhook is authenticated, so a secret cannot
 * be moved to another row. The first key encrypts; every key decrypts.
 */
import { createCipheriv, createDecipheriv, createHash, randomBytes } from 'node:crypto'
import type { SecretBox } from '../training/ports/webhooks.js'

const algorithm = 'aes-256-gcm'
const version = 'v1'
export const keyBytes = 32
const nonceBytes = 12
const tagBytes = 16

interface NamedKey {
  /** The first 8 hexadecimal digits of the SHA-256 of the key. */
  name: string
  bytes: Buffer
}

/**
 * @param keys base64 of 32 bytes each, at least one
 * @returns a box whose sealed texts have the form `v1.<name of the key>.<base64 of nonce, tag and ciphertext>`
 */
export function openSecretBox(keys: readonly string[]): SecretBox {
  const named = keys.map((key) => nameKey(Buffer.from(key, 'base64')))
  const [first] = named
  if (first === undefined) throw new Error('openSecretBox needs at least one key')
  const prefix = `${version}.${first.name}.`
  return {
    isCurrent: (sealed) => sealed.startsWith(prefix),
    seal: (secret, webhookId) => prefix + encrypt(first, secret, webhookId),
    open(sealed, webhookId) {
      const [, name, content] = sealed.split('.')
      const key = named.find((each) => each.name === name)
      return key === undefined || content === undefined ? null : decrypt(key, content, webhookId)
    },
  }
}

function nameKey(bytes: Buffer): NamedKey {
  return { name: createHash('sha256').update(bytes).digest('hex').slice(0, 8), bytes }
}

function encrypt({ bytes }: NamedKey, secret: string, webhookId: string): string {
  const nonce = randomBytes(nonceBytes)
  const cipher = createCipheriv(algorithm, bytes, nonce).setAAD(Buffer.from(webhookId))
  const encrypted = [cipher.update(secret, 'utf8'), cipher.final()]
  return Buffer.concat([nonce, cipher.getAuthTag(), ...encrypted]).toString('base64')
}

/** Null if the content was changed, or belongs to another webhook. */
function decrypt({ bytes }: NamedKey, content: string, webhookId: string): string | null {
  const box = Buffer.from(content, 'base64')
  const tag = box.subarray(nonceBytes, nonceBytes + tagBytes)
  if (tag.length < tagBytes) return null
  const decipher = createDecipheriv(algorithm, bytes, box.subarray(0, nonceBytes), {
    authTagLength: tagBytes,
  })
  decipher.setAAD(Buffer.from(webhookId)).setAuthTag(tag)
  try {
    const secret = [decipher.update(box.subarray(nonceBytes + tagBytes)), decipher.final()]
    return Buffer.concat(secret).toString('utf8')
  } catch {
    return null
  }
}
