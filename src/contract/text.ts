import { z } from 'zod'

/** Text that PostgreSQL can store: well-formed Unicode without NUL. */
export function text(maximum: number) {
  return z
    .string()
    .max(maximum)
    .refine((value) => value.isWellFormed() && !value.includes('\0'), {
      error: 'must not contain NUL or a lone surrogate, which cannot be stored',
    })
}
