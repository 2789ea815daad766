/** Signed receipts of runs: what determined a run, and the hashes of what it computed. */
import { z } from 'zod'

export const receiptSchema = z.object({
  object: z.literal('receipt'),
  receipt: z
    .record(z.string(), z.unknown())
    .describe(
      'job, status, release, backend, spec, changes and hashes of the data; then SHA-256 of all metrics as little-endian ' +
        'float64, of the weights after some epochs, and of the model; for a verification also its result',
    ),
  publicKey: z.string().describe('Ed25519: SPKI, DER, base64'),
  signature: z
    .string()
    .describe('base64, over `receipt` as JSON without spaces, with the members of each object sorted'),
})
export type Receipt = z.infer<typeof receiptSchema>

export const receiptKeySchema = z.object({ object: z.literal('receiptKey'), publicKey: z.string() })

const base64 = z.string().min(1).max(1_000)

export const receiptCheckRequestSchema = z
  .strictObject({
    object: z.literal('receipt').optional(),
    receipt: z.record(z.string(), z.unknown()),
    publicKey: base64.describe('the key of the service that is trusted'),
    signature: base64,
  })
  .meta({
    examples: [
      {
        receipt: { jobId: 'job_0123456789abcdef0123456789abcdef' },
        publicKey: 'MCowBQYDK2VwAyEAbZgkmIekAKpzUkJD3kS6+vF2a/IlbXv/eNGtKiD/Bs4=',
        signature: 'ulHriXz2rwzqkU2N14P711fbGYG8JuI9YT6+UxtLXecqLW+YQQjp2y1W5rXUufrIIDaFbaRpUkEDUHCwc4r9AA==',
      },
    ],
  })
export type ReceiptCheckRequest = z.infer<typeof receiptCheckRequestSchema>

export const receiptCheckSchema = z.object({
  object: z.literal('receiptCheck'),
  valid: z.boolean().describe('whether the signature is that of the key over this receipt'),
  own: z.boolean().describe('whether the key is the one of this service'),
})
export type ReceiptCheck = z.infer<typeof receiptCheckSchema>
