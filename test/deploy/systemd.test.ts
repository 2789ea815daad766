/** The units of systemd. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { root } from '../docs/documents.js'

const read = (name: string) => readFileSync(join(root, 'deploy/systemd', `descent-${name}.service`), 'utf8')

it.each(['api', 'worker'])('%s starts a program of the build as a user without rights', (name) => {
  const unit = read(name)
  const [, program] = /^ExecStart=\/usr\/bin\/node dist\/(.+)\.js$/m.exec(unit) ?? []
  expect(() => readFileSync(join(root, `${program}.ts`))).not.toThrow()
  for (const line of ['DynamicUser=yes', 'NoNewPrivileges=yes', 'ProtectSystem=strict', 'Restart=always']) {
    expect(unit.split('\n')).toContain(line)
  }
})

it('both have the same restrictions', () => {
  const restrictions = (name: string) =>
    read(name)
      .split('\n')
      .filter((line) => /^(Private|Protect|Restrict|No|Cap|Dyn|Sys)/.test(line))
  expect(restrictions('worker')).toEqual(restrictions('api'))
})
