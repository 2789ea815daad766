import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { readConfig } from '../src/config.js'

describe('the settings', () => {
  it('have a default each, and an empty value counts as not set', () => {
    const config = readConfig({ PORT: '', DATABASE_URL: '' })
    expect(config).toMatchObject({
      HOST: '127.0.0.1',
      PORT: 3000,
      LOG_LEVEL: 'info',
      MAXIMUM_BODY_BYTES: 2 ** 20,
    })
    expect(config.DATABASE_URL).toBeUndefined()
    expect(Object.isFrozen(config)).toBe(true)
  })

  it.each([
    ['PORT', 'abc'],
    ['PORT', '65536'],
    ['PORT', '1.5'],
    ['DATABASE_URL', 'mysql://localhost/x'],
    ['REDIS_URL', 'http://localhost'],
    ['WORKER_CONCURRENCY', '0'],
    ['LOG_LEVEL', 'loud'],
    ['MAXIMUM_JOB_FLOPS', '-1'],
  ])('refuse %s=%s, naming it', (name, value) => {
    expect(() => readConfig({ [name]: value })).toThrow(name)
  })

  it('name everything that does not fit at once', () => {
    expect(() => readConfig({ PORT: 'x', HOST: 'h', LOG_LEVEL: 'x' })).toThrow(/PORT: .*\n.*LOG_LEVEL: /)
  })

  it('stand in the table of README.md, all of them and no others', () => {
    const source = readFileSync(new URL('../src/config.ts', import.meta.url), 'utf8')
    const known = [...source.matchAll(/^ {2}([A-Z_]+):/gm)].map(([, name]) => name)
    const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8')
    const [, table] = readme.split('| name | default | meaning |\n')
    const rows = table.split('\n\n')[0].split('\n').slice(1)
    const documented = rows.flatMap((row) =>
      [...row.split('|')[1].matchAll(/`([A-Z_]+)`/g)].map(([, name]) => name),
    )
    expect(known.length).toBeGreaterThan(5)
    expect(documented.toSorted()).toEqual(known.toSorted())
  })
})
