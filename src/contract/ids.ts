/** Identifiers: a kind and 128 random bits in hexadecimal, so that an id tells what it names and cannot be guessed. */
import { randomBytes } from 'node:crypto'
import { z } from 'zod'

const kinds = { job: 'job_', model: 'mdl_', dataset: 'ds_' } as const
export type IdKind = keyof typeof kinds

export function newId(kind: IdKind): string {
  return kinds[kind] + randomBytes(16).toString('hex')
}

export function idSchema(kind: IdKind) {
  return z
    .string()
    .regex(
      new RegExp(`^${kinds[kind]}[0-9a-f]{32}$`),
      `is not ${kinds[kind]}… followed by 32 hexadecimal digits`,
    )
}
