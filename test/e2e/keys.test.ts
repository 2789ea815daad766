/** Making keys on the command line, and a service that others can reach. */
import { spawnSync } from 'node:child_process'
import { describe, expect, it, onTestFinished } from 'vitest'
import { freshDatabaseOfTest } from '../support/postgres.js'
import { eventually, startService, temporaryFolder } from '../support/service.js'

function keys(environment: Record<string, string>, ...words: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, ['dist/src/keys.js', ...words], {
    encoding: 'utf8',
    env: { ...process.env, HOST: '', DATABASE_URL: '', REDIS_URL: '', ...environment },
  })
  return {
    status,
    output: stdout + stderr,
    key: /^descent_[0-9a-f]{104}$/m.exec(stdout)?.[0],
    id: /key_\w+/.exec(stdout)?.[0],
  }
}

const ask = (url: string, key?: string) =>
  fetch(`${url}/jobs`, key === undefined ? {} : { headers: { authorization: `Bearer ${key}` } })

describe('a service bound to every address', () => {
  it('refuses to start without a key and says how to make one; with one it starts, and demands it', async () => {
    const reachable = { DATABASE_URL: await freshDatabaseOfTest('empty'), HOST: '0.0.0.0' }
    const refusal = await startService(reachable, 'dist/src/server.js').catch(String)
    expect(refusal).toContain('npm run keys -- create --tenant blue --scopes jobs:write,models:read')

    const made = keys(
      reachable,
      'create',
      '--tenant',
      'blue',
      '--scopes',
      'jobs:write,models:read',
      '--expires',
      '90d',
    )
    expect(made.status, made.output).toBe(0)
    const service = await startService(reachable, 'dist/src/server.js')
    onTestFinished(async () => void (await service.stop()))
    const url = service.url.replace('0.0.0.0', '127.0.0.1')
    expect((await ask(url)).status).toBe(401)
    expect((await ask(url, made.key)).status).toBe(200)
    expect((await fetch(`${url}/health/live`)).status).toBe(200)

    const listed = keys(reachable, 'list')
    expect(listed.output).toMatch(new RegExp(`${made.id} +blue +jobs:write,models:read +until 20`))
    expect(listed.output).not.toContain(made.key)
    expect(keys(reachable, 'delete', made.id ?? '').output).toContain('no key')
    expect(keys(reachable, 'revoke', made.id ?? '').status).toBe(0)
    expect((await ask(url, made.key)).status).toBe(401)
    expect(keys(reachable, 'list').output).toContain('revoked')
    expect(keys(reachable, 'delete', made.id ?? '').status).toBe(0)
    expect(keys(reachable, 'list').output).toContain('There are no keys.')
    // Reachable by others, it does not open because its keys are gone.
    expect((await ask(url)).status).toBe(401)
  })
})

describe('the service’s own database', () => {
  it('takes keys before the service starts, and while it runs', async () => {
    const folder = temporaryFolder()
    onTestFinished(folder.remove)
    const own = { DATA_DIRECTORY: folder.path }
    const first = keys(own, 'create', '--tenant', 'blue', '--scopes', 'jobs:read')
    expect(first.status, first.output).toBe(0)
    const service = await startService(own)
    onTestFinished(async () => void (await service.stop()))
    expect((await ask(service.url)).status).toBe(401)
    expect((await ask(service.url, first.key)).status).toBe(200)
    const second = keys(own, 'create', '--tenant', 'red', '--scopes', 'jobs:read')
    expect(second.status, second.output).toBe(0)
    expect((await ask(service.url, second.key)).status).toBe(200)
    for (const { id = '' } of [first, second]) {
      expect(keys(own, 'revoke', id).status).toBe(0)
      expect(keys(own, 'delete', id).status).toBe(0)
    }
    await eventually(async () => ((await ask(service.url)).status === 200 ? true : undefined))
  }, 60_000)
})

describe('wrong words', () => {
  it.each([
    [[], 'Say what to do'],
    [['make'], 'no command make'],
    [['create', '--scopes', 'jobs:read'], '--tenant is missing'],
    [['create', '--tenant', 'Blue!', '--scopes', 'jobs:read'], 'lower-case'],
    [['create', '--tenant', 'blue', '--scopes', 'jobs:fly'], 'jobs:fly'],
    [['create', '--tenant', 'blue', '--scopes', 'jobs:read', '--expires', 'soon'], '90d or 12h'],
    [['create', '--tenant', 'blue', '--scopes', 'jobs:read', '--forever'], '--forever'],
    [['revoke'], 'the id of one key'],
  ])('%j are refused with the usage', async (words, says) => {
    const { status, output } = keys({ DATABASE_URL: await freshDatabaseOfTest() }, ...words)
    expect(status).toBe(1)
    expect(output).toContain(says)
    expect(output).toContain('npm run keys -- create')
  })
})
