import { z } from 'zod'

/** Text that a database can keep: whole characters, none of them zero. */
export function text(maximum: number) {
  return z
    .string()
    .max(maximum)
    .refine((value) => value.isWellFormed() && !value.includes('\0'), {
      error: 'holds a zero or half a character, which cannot be stored',
    })
}
