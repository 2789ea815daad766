/** What all commands share: their options, the client, and how results are printed. */
import type { Argv } from 'yargs'
import { Descent } from '../sdk/src/index.js'
import { chooseService } from './profiles.js'

export interface SharedOptions {
  url: string | undefined
  key: string | undefined
  profile: string | undefined
  json: boolean
}

export type Cli = Argv<SharedOptions>

/** Adds commands, of which a command line must name one. @param missing the error if it names none */
export const addCommands = (cli: Cli, commands: readonly ((cli: Cli) => unknown)[], missing: string): Cli =>
  commands.reduce<Cli>((all, add) => add(all) as Cli, cli).demandCommand(1, missing)

export function connect(options: Pick<SharedOptions, 'url' | 'key' | 'profile'>): Descent {
  const { url, key } = chooseService(options)
  return new Descent({ url, retries: 2, ...(key === undefined ? {} : { key }) })
}

/** Prints a result: as JSON for programs, or as text. */
export function print({ json }: Pick<SharedOptions, 'json'>, value: unknown, text: () => string): void {
  console.log(json ? JSON.stringify(value) : text())
}

/** Whether a file name means standard input or output. The parser turns - into an empty text. */
export const isStandard = (file: string): boolean => file === '-' || file === ''

/** A note for people, which programs that read the output do not get. */
export const note = (text: string): void => console.error(text)
