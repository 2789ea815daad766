import { z } from 'zod'

/** Text that PostgreSQL can store: well-formed Unicode without NUL. */
export function text(maximum: number) {
  return z.string().max(maximum).refine(isStorable, { error: notStorable })
}

export const notStorable = 'must not contain NUL or a lone surrogate, which cannot be stored'

/** Whether PostgreSQL can store every text of a JSON value. */
export function isStorable(value: unknown): boolean {
  if (typeof value === 'string') return value.isWellFormed() && !value.includes('\0')
  if (typeof value !== 'object' || value === null) return true
  return Object.entries(value).every(([name, inner]) => isStorable(name) && isStorable(inner))
}
