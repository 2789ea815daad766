/** Parses the options of a command. */
import { tenantIdSchema } from '../contract/key.js'

/** An invalid command line. */
export class UsageError extends Error {}

interface Reader<T> {
  safeParse(
    value: unknown,
  ): { success: true; data: T } | { success: false; error: { issues: { message: string }[] } }
}

export function readOption<T>(schema: Reader<T>, option: string, value: string | undefined): T {
  if (value === undefined) throw new UsageError(`${option} is missing.`)
  const parsed = schema.safeParse(value)
  if (!parsed.success) throw new UsageError(`${option} ${value}: ${parsed.error.issues[0]?.message}`)
  return parsed.data
}

export const readTenant = (value: string | undefined) => readOption(tenantIdSchema, '--tenant', value)
