/** `descent admin` and `descent usage` against the built service with keys. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createKey } from '../support/create-key.js'
import { type FreshDatabase, freshDatabase } from '../support/postgres.js'
import { type Service, startService, temporaryFolder } from '../support/service.js'

let database: FreshDatabase
let service: Service
let operator: string
const folder = temporaryFolder()

beforeAll(async () => {
  database = await freshDatabase()
  operator = await createKey(database.connectionString, 'operators', ['admin'])
  service = await startService({ DATABASE_URL: database.connectionString }, 'dist/src/server.js')
}, 60_000)

afterAll(async () => {
  await service?.stop()
  await database?.drop()
  folder.remove()
})

async function descent(words: readonly string[], { input = '', key = operator } = {}) {
  const child = spawn(process.execPath, ['dist/cli/main.js', ...words], {
    env: { ...process.env, DESCENT_URL: service.url, DESCENT_KEY: key, XDG_CONFIG_HOME: folder.path },
  })
  let [stdout, stderr] = ['', '']
  child.stdout.on('data', (chunk) => {
    stdout += chunk
  })
  child.stderr.on('data', (chunk) => {
    stderr += chunk
  })
  child.stdin.end(input)
  const [code]: (number | null)[] = await once(child, 'close')
  return { code, stdout, stderr }
}

const admin = (...words: string[]) => descent(['admin', ...words])

async function json(...words: string[]) {
  const { code, stdout, stderr } = await admin(...words, '--json')
  expect([code, stderr]).toEqual([0, ''])
  return JSON.parse(stdout)
}

describe('descent admin', () => {
  it('creates, limits, suspends, resumes and deletes a tenant', async () => {
    const created = await json('tenants', 'create', 'blue', '--queued-jobs', '7', '--epochs', '100')
    expect(created).toMatchObject({ id: 'blue', ownLimits: { queuedJobs: 7, epochs: 100 } })
    expect(await json('tenants', 'limits', 'blue', '--epochs', 'default')).toMatchObject({
      ownLimits: { queuedJobs: 7 },
    })
    expect((await admin('tenants', 'limits', 'blue')).stdout).toMatch(/queuedJobs +7 +yes/)
    expect((await admin('tenants', 'suspend', 'blue', '--reason', 'unpaid')).stdout).toBe(
      'blue is suspended.\n',
    )
    expect((await admin('tenants', 'resume', 'blue')).stdout).toBe('blue is active.\n')
    expect(await json('tenants', 'list', '--prefix', 'bl')).toMatchObject([{ id: 'blue', status: 'active' }])
    const refused = await admin('tenants', 'delete', 'blue')
    expect([refused.code, refused.stderr]).toEqual([1, expect.stringContaining('confirm=blue')])
    expect(await json('tenants', 'delete', 'blue', '--confirm', 'blue', '--wait')).toEqual({
      id: 'blue',
      deleted: true,
    })
    expect((await admin('tenants', 'show', 'blue')).code).toBe(1)
    const actions = (await json('audit', '--tenant', 'blue')).map(({ action }: { action: string }) => action)
    expect(actions.slice(0, 2)).toEqual(['tenant.deleted', 'tenant.deletionRequested'])
    expect((await admin('audit', '--action', 'tenant.deleted')).stdout).toMatch(
      /tenant\.deleted +blue +blue +key key_/,
    )
  })

  it('creates, rotates and revokes keys, and goes on after a refusal', async () => {
    const { stdout } = await admin(
      'keys',
      'create',
      '--tenant',
      'red',
      '--scopes',
      'jobs:read',
      '--expires',
      '90d',
    )
    const [, key = ''] = /^(key_\w+) of red, shown once:\ndescent_[0-9a-f]{104}\n$/.exec(stdout) ?? []
    expect(key).not.toBe('')
    const [rotated] = await json('keys', 'rotate', key, '--overlap', '60')
    expect(rotated).toMatchObject({
      tenantId: 'red',
      previous: { id: key },
      secret: expect.stringMatching(/^descent_/),
    })
    const revoked = await admin('keys', 'revoke', 'key_0', rotated.id, key)
    expect(revoked).toMatchObject({ code: 1, stdout: `${rotated.id} is revoked.\n${key} is revoked.\n` })
    expect(revoked.stderr).toBe('key_0: There is no key key_0.\n')
    expect(
      (await json('keys', 'list', '--tenant', 'red')).map(({ status }: { status: string }) => status),
    ).toEqual(['revoked', 'revoked'])
  })

  it('creates the keys of a file, but for a bad row in the middle', async () => {
    const csv = 'tenant,scopes,name\nclass-1,jobs:write,Ada\nClass 2,jobs:write,Bob\nclass-3,jobs:write,Eve\n'
    const { code, stdout, stderr } = await descent(['admin', 'keys', 'create', '-', '--json'], { input: csv })
    expect([code, stderr]).toEqual([1, '1 of 3 keys were refused.\n'])
    const [first, second, third] = JSON.parse(stdout)
    expect([first.key.tenantId, first.key.name]).toEqual(['class-1', 'Ada'])
    expect(second).toMatchObject({ key: null, problem: { code: 'invalid-request' } })
    // The secrets are valid.
    const used = await descent(['jobs', 'list'], { key: third.key.secret })
    expect([used.code, used.stdout]).toEqual([0, 'None.\n'])
  })

  it('shows usage, workers and webhooks', async () => {
    const { csv } = { csv: (await admin('usage', '--csv')).stdout }
    expect(csv).toMatch(/^tenant,day,succeeded,failed,cancelled,threadSeconds,epochs\n/)
    expect(await json('usage', '--totals')).toEqual([])
    expect(await json('workers')).toEqual([])
    expect(await json('webhooks', 'list')).toEqual([])
    expect((await admin('webhooks', 'enable', 'whk_0')).code).toBe(1)
  })

  it.each<[number, string[]]>([
    [2, []],
    [2, ['tenants']],
    [2, ['tenants', 'suspend', 'blue']],
    [2, ['tenants', 'limits', 'red', '--epochs', 'many']],
    [2, ['keys', 'create', '--tenant', 'red']],
    [2, ['keys', 'create', '--tenant', 'red', 'file.csv']],
    [2, ['usage', '--csv', '--json']],
    [1, ['tenants', 'show', 'Nobody!']],
    [1, ['audit', '--action', 'fly']],
  ])('has the exit code %i for %j', async (code, words) => {
    expect((await admin(...words)).code).toBe(code)
  })

  it('is refused without the scope, while descent usage is not', async () => {
    const key = await createKey(database.connectionString, 'mine', ['jobs:read'])
    expect((await descent(['admin', 'tenants', 'list'], { key })).code).toBe(1)
    expect(await descent(['usage', '--json'], { key })).toMatchObject({ code: 0, stdout: '[]\n' })
    expect((await descent(['usage', '--csv'], { key })).stdout).toMatch(/^tenant,day,/)
  })

  it('is completed, and documented', async () => {
    const completed = async (...words: string[]) =>
      (await descent(['--get-yargs-completions', 'descent', ...words, ''])).stdout.split('\n')
    expect(await completed('admin')).toEqual(expect.arrayContaining(['tenants', 'keys', 'audit', 'usage']))
    expect(await completed('admin', 'tenants')).toEqual(
      expect.arrayContaining(['create', 'delete', 'suspend']),
    )
    const text = readFileSync('docs/command-line.md', 'utf8')
    const rows = text
      .slice(text.indexOf('## Administration'))
      .split('\n')
      .filter((line) => line.startsWith('| `'))
    for (const group of ['', 'tenants', 'keys', 'webhooks']) {
      const words = group === '' ? [] : [group]
      const { stdout } = await admin(...words, '--help')
      const names = [
        ...stdout.matchAll(
          new RegExp(`^ {2}descent admin ${words.map((word) => `${word} `).join('')}([a-z]+)`, 'gm'),
        ),
      ]
      expect(names.length).toBeGreaterThan(2)
      for (const [, name] of names) {
        expect(
          rows.some((row) => row.includes(`admin ${group}`.trim()) && row.includes(name)),
          name,
        ).toBe(true)
      }
    }
  })
})
