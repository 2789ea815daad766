/** Services and keys by name, in a file of the user. Options and the environment come first. */
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'
import { z } from 'zod'
import { UsageError } from './errors.js'

const defaultUrl = 'http://127.0.0.1:3000'

const profileSchema = z.object({ url: z.url(), key: z.string().optional() })
export type Profile = z.infer<typeof profileSchema>
const fileSchema = z.object({ current: z.string().nullable(), profiles: z.record(z.string(), profileSchema) })
export type Profiles = z.infer<typeof fileSchema>

/** The variables that the command reads. */
interface Environment {
  DESCENT_URL?: string | undefined
  DESCENT_KEY?: string | undefined
  DESCENT_PROFILE?: string | undefined
  XDG_CONFIG_HOME?: string | undefined
}

export const profilesFile = ({ XDG_CONFIG_HOME }: Environment = process.env): string =>
  join(XDG_CONFIG_HOME || join(homedir(), '.config'), 'descent', 'profiles.json')

/** @throws UsageError if the file is damaged */
export function readProfiles(file: string): Profiles {
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch {
    return { current: null, profiles: {} }
  }
  try {
    return fileSchema.parse(JSON.parse(text))
  } catch {
    throw new UsageError(`${file} is damaged. Correct it, or delete it and add the profiles again.`)
  }
}

/** Only the user may read the file, because it has keys. */
export function writeProfiles(file: string, profiles: Profiles): void {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 })
  writeFileSync(file, `${JSON.stringify(profiles, null, 2)}\n`, { mode: 0o600 })
  chmodSync(file, 0o600)
}

interface Given {
  url?: string | undefined
  key?: string | undefined
  profile?: string | undefined
}

/**
 * The service and the key of a command: options first, then the environment, then the profile. The key of a profile is
 * sent to the service of that profile alone.
 * @throws UsageError for an unknown profile
 */
export function chooseService(given: Given, environment: Environment = process.env): Profile {
  const url = given.url ?? (given.profile === undefined ? environment.DESCENT_URL || undefined : undefined)
  const key = given.key ?? (environment.DESCENT_KEY || undefined)
  if (url !== undefined) return { url, ...(key === undefined ? {} : { key }) }
  const file = profilesFile(environment)
  const { current, profiles } = readProfiles(file)
  const name = given.profile ?? (environment.DESCENT_PROFILE || current)
  if (name === null) return { url: defaultUrl, ...(key === undefined ? {} : { key }) }
  const profile = Object.hasOwn(profiles, name) ? profiles[name] : undefined
  if (profile === undefined) {
    const known = Object.keys(profiles).join(', ') || 'none'
    throw new UsageError(
      `There is no profile ${name}. Profiles: ${known}. Add it with \`descent profile add\`.`,
    )
  }
  return { ...profile, ...(given.key === undefined ? {} : { key: given.key }) }
}
