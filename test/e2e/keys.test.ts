/** Making keys on the command line, and a service that others can reach. */
import { spawnSync } from 'node:child_process'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { readCommand } from '../../src/commands/key-commands.js'
import { runCommand } from '../../src/commands/run-command.js'
import { readConfig } from '../../src/config.js'
import { problemSchema } from '../../src/contract/problems.js'
import { freshDatabaseOfTest } from '../support/postgres.js'
import { eventually, startService, temporaryFolder } from '../support/service.js'

interface Result {
  status: number | null
  output: string
  key: string | undefined
  id: string | undefined
}

const resultOf = (status: number | null, output: string): Result => ({
  status,
  output,
  key: /^descent_[0-9a-f]{104}$/m.exec(output)?.[0],
  id: /key_\w+/.exec(output)?.[0],
})

/** The program. */
function runKeys(environment: Record<string, string>, ...words: string[]): Result {
  const { status, stdout, stderr } = spawnSync(process.execPath, ['dist/src/commands/keys.js', ...words], {
    encoding: 'utf8',
    env: { ...process.env, HOST: '', DATABASE_URL: '', REDIS_URL: '', ...environment },
  })
  return resultOf(status, stdout + stderr)
}

/** The same in this process, which takes a tenth of the time. */
async function keys(environment: Record<string, string>, ...words: string[]): Promise<Result> {
  const lines: string[] = []
  const log = vi.spyOn(console, 'log').mockImplementation((line) => lines.push(String(line)))
  try {
    await runCommand(readCommand(words), readConfig(environment))
    return resultOf(0, lines.join('\n'))
  } catch (error) {
    return resultOf(1, String(error))
  } finally {
    log.mockRestore()
  }
}

const model = `mdl_${'0'.repeat(32)}`

const ask = (url: string, key?: string) =>
  fetch(`${url}/jobs`, key === undefined ? {} : { headers: { authorization: `Bearer ${key}` } })

describe('a service bound to every address', () => {
  it('refuses to start without a key, naming the command that makes one, and then requires the key', async () => {
    const reachable = { DATABASE_URL: await freshDatabaseOfTest('empty'), HOST: '0.0.0.0' }
    const refusal = await startService(reachable, 'dist/src/server.js').catch(String)
    expect(refusal).toContain(
      'npm run keys -- create --tenant blue --scopes jobs:write,models:write,datasets:write',
    )

    const made = runKeys(
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

    const limited = await keys(
      reachable,
      'create',
      '--tenant',
      'blue',
      '--predict-only',
      '--models',
      `${model}, ${model}`,
    )
    expect((await ask(url, limited.key)).status).toBe(403)
    expect((await keys(reachable, 'list')).output).toContain(
      `${limited.id}  blue  models:predict  ${model},${model}  without expiry`,
    )
    expect((await keys(reachable, 'revoke', limited.id ?? '')).status).toBe(0)
    expect((await keys(reachable, 'delete', limited.id ?? '')).status).toBe(0)

    const second = await keys(reachable, 'create', '--first', '--tenant', 'blue', '--scopes', 'jobs:read')
    expect(second).toMatchObject({ status: 0, key: undefined })
    expect(second.output).toContain('there is a key')

    const listed = await keys(reachable, 'list')
    expect(listed.output).toMatch(new RegExp(`${made.id} +blue +jobs:write,models:read +until 20`))
    expect(listed.output).not.toContain(made.key)
    expect((await keys(reachable, 'delete', made.id ?? '')).output).toContain('still live')
    expect((await keys(reachable, 'revoke', made.id ?? '')).status).toBe(0)
    expect((await ask(url, made.key)).status).toBe(401)
    expect((await keys(reachable, 'list')).output).toContain('revoked')
    expect((await keys(reachable, 'delete', made.id ?? '')).status).toBe(0)
    expect((await keys(reachable, 'list')).output).toContain('There are no keys.')
    const first = await keys(reachable, 'create', '--first', '--tenant', 'blue', '--scopes', 'jobs:read')
    expect((await ask(url, first.key)).status).toBe(200)
    await keys(reachable, 'revoke', first.id ?? '')
    await keys(reachable, 'delete', first.id ?? '')
    // Reachable by others, it does not open because its keys are gone.
    expect((await ask(url)).status).toBe(401)
  }, 120_000)
})

describe('limits of a tenant', () => {
  it('are shown, changed in the running service at once, and returned to the default', async () => {
    const database = { DATABASE_URL: await freshDatabaseOfTest('empty'), MAXIMUM_EPOCHS: '2000' }
    const { key } = runKeys(database, 'create', '--tenant', 'blue', '--scopes', 'jobs:write')
    const service = await startService(database, 'dist/src/server.js')
    onTestFinished(async () => void (await service.stop()))
    const validate = async (epochs: number) => {
      const answer = await fetch(`${service.url}/jobs/validate`, {
        method: 'POST',
        headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
        body: JSON.stringify({
          dataset: 'xor',
          network: { layers: [{ type: 'dense', units: 1, activation: 'sigmoid' }] },
          loss: 'binaryCrossentropy',
          epochs,
        }),
      })
      return problemSchema.partial().parse(await answer.json()).detail
    }
    expect(await validate(2_000)).toBeUndefined()
    expect(await validate(2_001)).toContain('the limit is 2000 (MAXIMUM_EPOCHS)')

    const limits = async (...words: string[]) =>
      (await keys(database, 'limits', '--tenant', 'blue', ...words)).output
    expect(await limits()).toMatch(/--epochs +2000 +default \(MAXIMUM_EPOCHS, 2000\)/)
    const changed = await limits('--epochs', '10', '--job-flops', '1e9')
    expect(changed).toMatch(/--epochs +10 +own limit, overrides the default \(MAXIMUM_EPOCHS, 2000\)/)
    expect(changed).toMatch(/--job-flops +1000000000 +own/)
    expect(changed).toMatch(/--sockets +10000 +default/)
    expect(await validate(11)).toContain(
      'the limit is 10 (this tenant’s own limit in place of MAXIMUM_EPOCHS)',
    )
    expect(await limits('--epochs', 'default')).toMatch(/--epochs +2000 +default/)
    expect(await validate(2_000)).toBeUndefined()
    expect(await limits()).toMatch(/--job-flops +1000000000 +own/)

    expect(runKeys(database, 'limits', '--tenant', 'nobody', '--epochs', '1')).toMatchObject({
      status: 1,
      output: expect.stringContaining('There is no tenant nobody'),
    })
    // While the service is open there is no key to make its tenant.
    expect((await keys(database, 'limits', '--tenant', 'local', '--epochs', '1')).status).toBe(0)
  }, 120_000)
})

describe('the service’s own database', () => {
  it('stores keys before the service starts, and while it runs', async () => {
    const folder = temporaryFolder()
    onTestFinished(folder.remove)
    const own = { DATA_DIRECTORY: folder.path }
    const first = runKeys(own, 'create', '--tenant', 'blue', '--scopes', 'jobs:read')
    expect(first.status, first.output).toBe(0)
    const service = await startService(own)
    onTestFinished(async () => void (await service.stop()))
    expect((await ask(service.url)).status).toBe(401)
    expect((await ask(service.url, first.key)).status).toBe(200)
    const second = runKeys(own, 'create', '--tenant', 'red', '--scopes', 'jobs:read')
    expect(second.status, second.output).toBe(0)
    expect((await ask(service.url, second.key)).status).toBe(200)
    for (const { id = '' } of [first, second]) {
      expect((await keys(own, 'revoke', id)).status).toBe(0)
      expect((await keys(own, 'delete', id)).status).toBe(0)
    }
    await eventually(async () => ((await ask(service.url)).status === 200 ? true : undefined))
  }, 120_000)
})

describe('wrong words', () => {
  it('are refused with the usage, without a database', () => {
    const { status, output } = runKeys({ DATABASE_URL: 'postgres://127.0.0.1:1/none' }, 'make')
    expect(status).toBe(1)
    expect(output).toContain('Unknown command: make')
    expect(output).toContain('npm run keys -- create')
  })
})
