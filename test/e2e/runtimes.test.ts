/**
 * The packed client in Deno and Bun. A long test, because their packages on npm are the programs themselves, of about
 * 100 MB each, which are downloaded here and not with every installation.
 */
import { execFile } from 'node:child_process'
import { copyFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { signatureHeaders } from '../../src/webhooks/signature.js'
import { applicationScopes, createKey } from '../support/create-key.js'
import { type FreshDatabase, freshDatabase } from '../support/postgres.js'
import { type Service, startService, temporaryFolder } from '../support/service.js'

const root = join(import.meta.dirname, '../..')
const folder = temporaryFolder()
const runFile = promisify(execFile)
const run = (program: string, args: readonly string[]) => runFile(program, args, { cwd: folder.path })

let database: FreshDatabase
let service: Service
let key: string

beforeAll(async () => {
  database = await freshDatabase()
  key = await createKey(database.connectionString, 'mine', applicationScopes)
  service = await startService({ DATABASE_URL: database.connectionString })
  const pack = ['pack', './sdk', '--json', '--pack-destination', folder.path]
  const { stdout } = await runFile('npm', pack, { cwd: root })
  const [{ filename }]: [{ filename: string }] = JSON.parse(stdout)
  writeFileSync(join(folder.path, 'package.json'), '{"type":"module","private":true}')
  const packages = [`./${filename}`, 'deno@2.9.6', 'bun@1.4.5']
  await run('npm', ['install', '--no-audit', '--no-fund', ...packages])
  copyFileSync(join(root, 'test/fixtures/runtimes/program.ts'), join(folder.path, 'program.ts'))
}, 600_000)

afterAll(async () => {
  await service?.stop()
  await database?.drop()
  folder.remove()
})

const secret = `whsec_${Buffer.alloc(24, 1).toString('base64')}`
const body = JSON.stringify({ type: 'webhook.test', timestamp: new Date(), data: { webhookId: 'whk_1' } })

/** What the program found, which it prints as JSON. */
async function runProgram(command: readonly string[]) {
  const [program = '', ...words] = command
  const headers = signatureHeaders([secret], { id: 'msg_1', body }, new Date())
  const settings = { url: service.url, key, secret, body, headers }
  writeFileSync(join(folder.path, 'settings.json'), JSON.stringify(settings))
  const { stdout } = await run(`node_modules/.bin/${program}`, [...words, 'program.ts'])
  return JSON.parse(stdout)
}

const complete = {
  rows: 60,
  sent: true,
  columns: [2, 2],
  areInOrder: true,
  last: true,
  states: ['connecting', 'live'],
  predicts: true,
  exported: true,
  ended: 'end',
  isMissing: true,
}

describe.each([
  { runtime: 'Deno', command: ['deno', 'run', '--check', '--allow-net'] },
  { runtime: 'Bun', command: ['bun'] },
])('the client in $runtime', ({ command }) => {
  it('uploads, trains, watches, predicts and verifies webhooks', { timeout: 300_000 }, async () => {
    const found = await runProgram(command)
    expect(found.socket).toEqual(complete)
    expect(found.events).toEqual(complete)
    expect([found.delivery, found.forged]).toEqual(['webhook.test', 'WebhookVerificationError'])
  })
})
