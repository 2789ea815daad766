/** Signatures of webhooks: those that the service makes, and those that nobody should accept. */
import { Webhook } from 'standardwebhooks'
import { describe, expect, it } from 'vitest'
import { verifyWebhook, WebhookVerificationError } from '../../sdk/src/index.js'
import { signatureHeaders } from '../../src/webhooks/signature.js'

const secretOf = (byte: number) => `whsec_${Buffer.alloc(24, byte).toString('base64')}`
const [secret, older, foreign] = [secretOf(1), secretOf(2), secretOf(0xff)]
const at = new Date('2026-01-01T12:00:00Z')
const later = (seconds: number) => ({ at: new Date(at.getTime() + 1_000 * seconds) })
const event = {
  type: 'webhook.test',
  timestamp: at.toISOString(),
  data: { webhookId: 'whk_1', note: 'Grüße 😀' },
}
const body = JSON.stringify(event)
const headers = signatureHeaders([secret], { id: 'msg_1', body }, at)

describe('verifyWebhook', () => {
  it('accepts what the service signed, as text or bytes, with headers of any form', async () => {
    expect(await verifyWebhook(body, headers, secret, { at })).toEqual(event)
    const bytes = new TextEncoder().encode(body)
    expect(await verifyWebhook(bytes, new Headers(headers), secret, { at })).toEqual(event)
    const upper = Object.fromEntries(
      Object.entries(headers).map(([name, value]) => [name.toUpperCase(), value]),
    )
    expect(await verifyWebhook(Buffer.from(body), upper, secret, { at })).toEqual(event)
  })

  it('accepts what the library of the specification signs', async () => {
    const signature = new Webhook(secret).sign('msg_1', at, body)
    const signed = { ...headers, 'webhook-signature': signature }
    expect(await verifyWebhook(body, signed, secret, { at })).toEqual(event)
  })

  it('accepts both secrets while one replaces the other', async () => {
    const rotating = signatureHeaders([secret, older], { id: 'msg_1', body }, at)
    expect(await verifyWebhook(body, rotating, older, { at })).toEqual(event)
    expect(await verifyWebhook(body, headers, [older, secret], { at })).toEqual(event)
  })

  it('accepts an age within the tolerance', async () => {
    expect(await verifyWebhook(body, headers, secret, later(300))).toEqual(event)
    expect(await verifyWebhook(body, headers, secret, later(-300))).toEqual(event)
    expect(await verifyWebhook(body, headers, secret, { ...later(900), toleranceSeconds: 1_000 })).toEqual(
      event,
    )
  })

  it.each<[string, Parameters<typeof verifyWebhook>, RegExp]>([
    ['another secret', [body, headers, foreign, { at }], /No signature/],
    ['no secret', [body, headers, [], { at }], /No signature/],
    ['another body', [body.replace('whk_1', 'whk_2'), headers, secret, { at }], /No signature/],
    ['another id', [body, { ...headers, 'webhook-id': 'msg_2' }, secret, { at }], /No signature/],
    [
      'another timestamp',
      [body, { ...headers, 'webhook-timestamp': String(at.getTime() / 1_000 + 1) }, secret, { at }],
      /No signature/,
    ],
    ['an old delivery', [body, headers, secret, later(301)], /old/],
    ['a delivery of the future', [body, headers, secret, later(-301)], /within 300 s/],
    ['the present time', [body, headers, secret], /within 300 s/],
    [
      'a timestamp that is no number',
      [body, { ...headers, 'webhook-timestamp': 'now' }, secret, { at }],
      /now/,
    ],
    [
      'a missing header',
      [body, { ...headers, 'webhook-id': undefined }, secret, { at }],
      /webhook-id is missing/,
    ],
    [
      'another version of signatures',
      [
        body,
        { ...headers, 'webhook-signature': headers['webhook-signature'].replace('v1', 'v2') },
        secret,
        { at },
      ],
      /No signature/,
    ],
    [
      'a broken signature',
      [body, { ...headers, 'webhook-signature': 'v1,???' }, secret, { at }],
      /No signature/,
    ],
    [
      'an empty signature',
      [body, { ...headers, 'webhook-signature': 'v1,' }, secret, { at }],
      /No signature/,
    ],
    ['a broken secret', [body, headers, 'whsec_???', { at }], /not whsec_ and base64/],
  ])('refuses %s', async (_name, parameters, message) => {
    const verifying = verifyWebhook(...parameters)
    await expect(verifying).rejects.toThrow(WebhookVerificationError)
    await expect(verifying).rejects.toThrow(message)
  })
})
