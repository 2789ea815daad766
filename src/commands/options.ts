/** Parses the options of a command. */
import { type ParseArgsConfig, parseArgs } from 'node:util'
import { tenantIdSchema } from '../contract/key.js'

/** An invalid command line. */
export class UsageError extends Error {}

/** Whether a command line asks for the usage of its program. */
export const wantsUsage = (words: readonly string[]): boolean =>
  words.some((word) => word === '--help' || word === '-h')

/** @throws UsageError for an unknown option, or one without its value */
export function readOptions<T extends ParseArgsConfig>(config: T): ReturnType<typeof parseArgs<T>>['values'] {
  try {
    return parseArgs(config).values
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error))
  }
}

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
