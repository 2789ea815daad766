/** `npm run keys -- limits`: shows and changes the separate limits of one tenant. */
import {
  effectiveLimit,
  type LimitChanges,
  type LimitName,
  limitNames,
  limitSettings,
  limitsSchema,
} from '../contract/limits.js'
import type { Command, CommandDependencies } from './command.js'
import { readOptions, readTenant, UsageError } from './options.js'

/** Turns `queuedJobs` into `queued-jobs`. */
const optionName = (name: LimitName) => name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)

/** The value that restores the limit of the settings. */
const toDefault = 'default'

export const limitsUsage = `npm run keys -- limits --tenant NAME [--LIMIT NUMBER|${toDefault}] …

Limits: ${limitNames.map(optionName).join(' ')}`

export function readLimitsCommand(words: string[]): Command {
  const { tenant, ...given } = readLimitOptions(words)
  const tenantId = readTenant(tenant)
  const changes: LimitChanges = {}
  for (const name of limitNames) {
    const text = given[optionName(name)]
    if (text !== undefined) changes[name] = readLimit(name, text)
  }
  return async (dependencies) => {
    // Without changes, this only checks that the tenant exists.
    if (!(await dependencies.tenants.changeLimits(tenantId, changes, dependencies.actor))) {
      throw new Error(`There is no tenant ${tenantId}. Create a key for it first.`)
    }
    await show(tenantId, dependencies)
  }
}

/** @param settings the limits in the environment of this command */
async function show(tenantId: string, { tenants, settings }: CommandDependencies): Promise<void> {
  const own = await tenants.ownLimits(tenantId)
  const rows = limitNames.map((name) => {
    const setting = `${limitSettings[name]}, ${settings[name]}`
    const source =
      own[name] === undefined ? `default (${setting})` : `own limit, overrides the default (${setting})`
    return [`--${optionName(name)}`, String(effectiveLimit({ settings, own }, name)), source]
  })
  const width = (column: number) => Math.max(...rows.map((row) => row[column].length))
  console.log(`Tenant ${tenantId}; the defaults are those of this command’s environment:\n`)
  for (const [option, value, source] of rows) {
    console.log(`  ${option.padEnd(width(0))}  ${value.padStart(width(1))}  ${source}`)
  }
}

function readLimitOptions(args: string[]): Record<string, string | undefined> {
  const names = ['tenant', ...limitNames.map(optionName)]
  const options: Record<string, { type: 'string' }> = Object.fromEntries(
    names.map((name) => [name, { type: 'string' }]),
  )
  return readOptions({ args, options })
}

function readLimit(name: LimitName, text: string): number | null {
  if (text === toDefault) return null
  const parsed = limitsSchema.shape[name].safeParse(text.trim() === '' ? Number.NaN : Number(text))
  if (parsed.success) return parsed.data
  throw new UsageError(`--${optionName(name)} ${text}: ${parsed.error.issues[0]?.message}, or "${toDefault}"`)
}
