/**
 * Time to the first success in a new clone: `git clone`, `npm ci`, `npm start` until its greeting, the first epoch of a job,
 * the native backend; then a second `npm start`. Uses the existing npm cache. Prints a JSON line per round.
 *   start [--rounds 3] [--revisions HEAD,v1]   revisions are interleaved
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import { loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { z } from 'zod'
import { request, submit, watch } from '../examples/client.js'
import { projectFolder } from '../examples/service.js'

const port = process.env.PORT ?? '3917'
const longestBuildSeconds = 600

export async function main(args: string[]): Promise<void> {
  const { values } = parseArgs({
    args,
    options: {
      rounds: { type: 'string', default: '3' },
      revisions: { type: 'string', default: 'HEAD' },
    },
  })
  for (let round = 0; round < Number(values.rounds); round++) {
    for (const revision of values.revisions.split(',')) {
      console.log(JSON.stringify({ benchmark: 'start', revision, ...(await measure(revision)) }))
    }
  }
}

async function measure(revision: string): Promise<object> {
  const load = loadavg()[0]
  const folder = mkdtempSync(join(tmpdir(), 'descent-start-'))
  // As root, PostgreSQL runs as another user, who needs to traverse the folder.
  chmodSync(folder, 0o711)
  try {
    const cloned = stopwatch()
    execFileSync('git', ['clone', '-q', projectFolder, folder])
    execFileSync('git', ['checkout', '-q', revision], { cwd: folder })
    execFileSync('npm', ['ci', '--silent'], { cwd: folder, env: environment(), stdio: 'inherit' })
    const npmCi = cloned()
    const first = await startIn(folder, untilNative)
    const cloneToFirstEpoch = rounded(npmCi + first.firstEpoch)
    return { npmCi, first, cloneToFirstEpoch, second: await startIn(folder), load }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

const rounded = (seconds: number) => Math.round(100 * seconds) / 100

/** Seconds since the call. */
function stopwatch(): () => number {
  const begin = performance.now()
  return () => rounded((performance.now() - begin) / 1_000)
}

/** The environment without the variables of the outer npm. */
function environment(): NodeJS.ProcessEnv {
  const own = Object.entries(process.env).filter(([name]) => !/^npm_/i.test(name))
  return { ...Object.fromEntries(own), PORT: port, HOST: '', DATABASE_URL: '', REDIS_URL: '' }
}

interface Start {
  /** Seconds since `npm start`. */
  ready: number
  firstEpoch: number
}

/** Runs `npm start`, one job and `then`, and stops the service. */
async function startIn(
  folder: string,
  then: (url: string, sinceStart: () => number) => Promise<object> = async () => ({}),
): Promise<Start> {
  const sinceStart = stopwatch()
  const service = spawn('npm', ['start'], {
    cwd: folder,
    env: environment(),
    detached: true,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  try {
    const url = await greeting(service)
    const ready = sinceStart()
    await awaitFirstEpoch(url)
    const firstEpoch = sinceStart()
    return { ready, firstEpoch, ...(await then(url, sinceStart)) }
  } finally {
    await end(service)
  }
}

function greeting(service: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let output = ''
    service.stdout?.on('data', (chunk: Buffer) => {
      output += chunk.toString()
      const url = /Descent is listening on (http:\S+)/.exec(output)?.[1]
      if (url !== undefined) resolve(url)
    })
    service.once('exit', () => reject(new Error(`the service did not start: ${output}`)))
  })
}

async function awaitFirstEpoch(url: string): Promise<void> {
  const job = await submit(url, {
    dataset: 'xor',
    network: { layers: [{ type: 'dense', units: 1, activation: 'sigmoid' }] },
    loss: 'binaryCrossentropy',
    epochs: 1,
  })
  for await (const message of watch(url, job)) if (message.type === 'epochs') return
}

const healthSchema = z.object({ backend: z.object({ name: z.string() }) })

/** The time until the native backend is used; null if it is not built. */
async function untilNative(url: string, sinceStart: () => number): Promise<{ native: number | null }> {
  const backend = async () => (await request(`${url}/health/ready`, healthSchema)).backend.name
  while ((await backend()) !== 'native') {
    if (sinceStart() > longestBuildSeconds) return { native: null }
    await sleep(200)
  }
  return { native: sinceStart() }
}

async function end(service: ChildProcess): Promise<void> {
  if (service.pid === undefined || service.exitCode !== null) return
  const exited = once(service, 'exit')
  process.kill(-service.pid, 'SIGINT')
  await exited
}
