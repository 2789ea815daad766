// Runs a release of Descent, fills it with data, dumps its database and records the responses of its API, for the tests
// of upgrades. See test/fixtures/releases/README.md.
import { execFileSync, spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { fill } from './release-data.mjs'

const [checkout, name] = process.argv.slice(2)
const { DATABASE_URL } = process.env
if (name === undefined || DATABASE_URL === undefined) {
  console.error('DATABASE_URL=postgres://…/empty node scripts/record-release.mjs CHECKOUT NAME')
  process.exit(1)
}
const directory = fileURLToPath(new URL('../test/fixtures/releases/', import.meta.url))
const environment = {
  ...process.env,
  HOST: '127.0.0.1',
  PORT: '0',
  REDIS_URL: '',
  CHECKPOINT_SECONDS: '0.05',
  WORKER_CONCURRENCY: '2',
  WEBHOOK_ALLOW_PRIVATE: 'true',
  LOG_LEVEL: 'info',
}

function runKeys(...words) {
  return execFileSync(process.execPath, ['dist/src/commands/keys.js', ...words], {
    cwd: checkout,
    env: environment,
    encoding: 'utf8',
  })
}

async function start(program, pattern) {
  const child = spawn(process.execPath, [program], {
    cwd: checkout,
    env: environment,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  process.once('exit', () => child.kill('SIGKILL'))
  let output = ''
  child.stdout.on('data', (chunk) => {
    output += chunk
  })
  for (;;) {
    const found = pattern.exec(output)
    if (found) return { child, found }
    if (child.exitCode !== null) throw new Error(`${program} ended while starting:\n${output}`)
    await sleep(20)
  }
}

function makeKey(tenant) {
  const scopes = ['jobs', 'models', 'datasets', 'webhooks'].map((thing) => `${thing}:write`)
  const output = runKeys('create', '--tenant', tenant, '--scopes', [...scopes, 'metrics:read'].join())
  return /^descent_\S+$/m.exec(output)[0]
}

const keys = { blue: makeKey('blue'), green: makeKey('green') }
runKeys('limits', '--tenant', 'green', '--epochs', '5000', '--queued-jobs', '7')
const revoked = makeKey('red')
runKeys('revoke', /^(key_\S+) +red/m.exec(runKeys('list'))[1])

const api = await start('dist/src/server.js', /listening on (http:[\w.:/-]+)/)
const worker = await start('dist/workers/main.js', /worker is ready/)
const url = api.found[1]

async function send(key, method, path, body, headers = {}) {
  const isJson = body !== undefined && headers['content-type'] === undefined
  return fetch(url + path, {
    method,
    headers: {
      authorization: `Bearer ${key}`,
      ...(isJson && { 'content-type': 'application/json' }),
      ...headers,
    },
    body: isJson ? JSON.stringify(body) : body,
  })
}

async function call(...request) {
  const response = await send(...request)
  const answer = await response.json()
  if (!response.ok) throw new Error(`${request[1]} ${request[2]}: ${JSON.stringify(answer)}`)
  return answer
}

// Must match test/upgrades/release.ts.
function readAnswer(type, bytes) {
  if (/json$/.test(type)) return JSON.parse(bytes)
  if (type === 'text/event-stream')
    return [...bytes.toString().matchAll(/^data: (.*)$/gm)].map(([, data]) => JSON.parse(data))
  if (type.startsWith('text/')) return bytes.toString()
  // For safetensors, only the values after the header.
  const first = type === 'application/octet-stream' ? 8 + Number(bytes.readBigUInt64LE()) : 0
  return createHash('sha256').update(bytes.subarray(first)).digest('hex')
}

const { requests, ...left } = await fill({
  call,
  keys,
  root: checkout,
  killWorker: () => worker.child.kill('SIGKILL'),
})
const recorded = []
for (const { tenant, method, path, body, headers } of requests) {
  const response = await send(keys[tenant], method, path, body, headers)
  const type = response.headers.get('content-type').split(';')[0]
  const bytes = Buffer.from(await response.arrayBuffer())
  const answer = readAnswer(type, bytes)
  recorded.push({ tenant, method, path, body, headers, status: response.status, type, answer })
}
api.child.kill('SIGKILL')
await sleep(500)

// INSERT statements, because the restore sends plain SQL; backslash commands work only in psql.
const dump = execFileSync(
  'pg_dump',
  ['--inserts', '--rows-per-insert=50', '--no-owner', '--no-privileges', DATABASE_URL],
  { encoding: 'utf8', maxBuffer: 2 ** 28 },
)
const statements = dump.replaceAll(/^\\.*\n/gm, '')
writeFileSync(join(directory, `${name}.sql.gz`), gzipSync(statements, { level: 9 }))
const answers = { keys: { ...keys, revoked }, ...left, recorded }
writeFileSync(join(directory, `${name}.answers.json.gz`), gzipSync(JSON.stringify(answers), { level: 9 }))
process.exit()
