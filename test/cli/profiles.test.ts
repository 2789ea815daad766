/** Which service and key a command uses. */
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { chooseService, profilesFile, readProfiles, writeProfiles } from '../../cli/profiles.js'

let folder: string
let home: { XDG_CONFIG_HOME: string }
const work = { url: 'https://work.example', key: 'descent_work' }
const lab = { url: 'https://lab.example', key: 'descent_lab' }

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'descent-profiles-'))
  home = { XDG_CONFIG_HOME: folder }
  writeProfiles(profilesFile(home), { current: 'work', profiles: { work, lab } })
})
afterEach(() => rmSync(folder, { recursive: true }))

describe('the service of a command', () => {
  it.each([
    ['the current profile', {}, {}, work],
    ['a profile by option', { profile: 'lab' }, {}, lab],
    ['a profile of the environment', {}, { DESCENT_PROFILE: 'lab' }, lab],
    ['the option before the environment', { profile: 'lab' }, { DESCENT_URL: 'http://other' }, lab],
    ['a profile with another key', { profile: 'lab', key: 'k' }, {}, { ...lab, key: 'k' }],
    [
      'the environment before the current profile',
      {},
      { DESCENT_URL: 'http://u', DESCENT_KEY: 'k' },
      { url: 'http://u', key: 'k' },
    ],
    ['an address without the key of the profile', { url: 'http://u' }, {}, { url: 'http://u' }],
    [
      'an address of the environment without the key of the profile',
      {},
      { DESCENT_URL: 'http://u' },
      { url: 'http://u' },
    ],
  ])('is %s', (_name, options, environment, expected) => {
    expect(chooseService(options, { ...home, ...environment })).toEqual(expected)
  })

  it('is on this machine without a profile', () => {
    const { profiles } = readProfiles(profilesFile(home))
    writeProfiles(profilesFile(home), { current: null, profiles })
    expect(chooseService({}, home)).toEqual({ url: 'http://127.0.0.1:3000' })
    expect(chooseService({}, { XDG_CONFIG_HOME: join(folder, 'nothing') })).toEqual({
      url: 'http://127.0.0.1:3000',
    })
  })

  it('must be known', () => {
    for (const profile of ['home', '__proto__', 'constructor']) {
      expect(() => chooseService({ profile }, home)).toThrow(
        `There is no profile ${profile}. Profiles: work, lab.`,
      )
    }
    writeFileSync(profilesFile(home), '{"current":')
    expect(() => chooseService({}, home)).toThrow(/profiles\.json is damaged/)
  })
})

it('only the user can read the keys', () => {
  const file = profilesFile(home)
  expect(statSync(file).mode & 0o777).toBe(0o600)
  expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual({ current: 'work', profiles: { work, lab } })
})
