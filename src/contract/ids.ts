/** Identifiers: a prefix for the kind, then 128 random bits in hexadecimal. */
import { z } from 'zod'

export const idPrefixes = {
  job: 'job_',
  model: 'mdl_',
  dataset: 'ds_',
  webhook: 'whk_',
  key: 'key_',
  sweep: 'swp_',
  workshop: 'wks_',
  shareLink: 'shl_',
} as const
export type IdKind = keyof typeof idPrefixes

export function idSchema(kind: IdKind) {
  const prefix = idPrefixes[kind]
  return z
    .string()
    .regex(new RegExp(`^${prefix}[0-9a-f]{32}$`), `must be ${prefix} followed by 32 hexadecimal digits`)
}
