/** `descent profile`: services and keys by name. */
import { table } from '../../examples/chart.js'
import { type Cli, print } from '../cli.js'
import { UsageError } from '../errors.js'
import { type Profile, type Profiles, profilesFile, readProfiles, writeProfiles } from '../profiles.js'

const withName = (command: Cli) =>
  command.positional('name', { type: 'string', demandOption: true, describe: 'Name of the profile' })

export const addProfile = (cli: Cli) =>
  cli.command('profile', 'Keep the addresses and keys of services by name', (profile) =>
    profile
      .command('add <name>', 'Add or replace a profile: --url and --key', withName, ({ name, url, key }) => {
        if (url === undefined) throw new UsageError('--url is missing.')
        if (!URL.canParse(url))
          throw new UsageError(`--url ${url} is no address like https://descent.example.org.`)
        const added: Profile = { url, ...(key === undefined ? {} : { key }) }
        const { file, known } = load()
        writeProfiles(file, {
          current: known.current ?? name,
          profiles: { ...known.profiles, [name]: added },
        })
        console.log(`${file} has the profile ${name}.`)
      })
      .command('use <name>', 'Use a profile in the next commands', withName, ({ name }) => {
        const { file, known } = load()
        requireProfile(known, name)
        writeProfiles(file, { ...known, current: name })
        console.log(`Commands use ${name} from now on.`)
      })
      .command('remove <name>', 'Remove a profile', withName, ({ name }) => {
        const { file, known } = load()
        requireProfile(known, name)
        const { [name]: _, ...profiles } = known.profiles
        writeProfiles(file, { current: known.current === name ? null : known.current, profiles })
        console.log(`${name} is removed.`)
      })
      .command(
        'list',
        'List the profiles',
        (command) => command,
        (options) => {
          const { current, profiles } = load().known
          const listed = Object.entries(profiles).map(([name, { url, key }]) => {
            return { name, url, hasKey: key !== undefined, isCurrent: name === current }
          })
          print(options, listed, () =>
            table(
              ['profile', 'service', 'key', ''],
              listed.map(({ name, url, hasKey, isCurrent }) => [
                name,
                url,
                hasKey ? 'yes' : 'no',
                isCurrent ? 'current' : '',
              ]),
            ),
          )
        },
      )
      .demandCommand(1, 'Name a command of profile.'),
  )

function load() {
  const file = profilesFile()
  return { file, known: readProfiles(file) }
}

function requireProfile({ profiles }: Profiles, name: string): void {
  if (!Object.hasOwn(profiles, name)) {
    throw new UsageError(
      `There is no profile ${name}. Profiles: ${Object.keys(profiles).join(', ') || 'none'}.`,
    )
  }
}
