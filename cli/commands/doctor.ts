/** `descent doctor`: what this machine has, and whether the service answers. */
import { createServer } from 'node:net'
import { availableParallelism } from 'node:os'
import type { Descent } from '../../sdk/src/index.js'
import { type Cli, connect, print, type SharedOptions } from '../cli.js'
import { exitCodes } from '../errors.js'
import { chooseService } from '../profiles.js'

interface Check {
  name: string
  state: 'ok' | 'note' | 'problem'
  detail: string
}

export const addDoctor = (cli: Cli) =>
  cli.command(
    'doctor',
    'Check this machine and the service',
    (command) => command,
    async (options) => {
      const checks = [...(await machine()), ...(await service(options))]
      print(options, checks, () =>
        checks.map(({ name, state, detail }) => `${marks[state]} ${name.padEnd(12)} ${detail}`).join('\n'),
      )
      if (checks.some(({ state }) => state === 'problem')) process.exitCode = exitCodes.refused
    },
  )

const marks: Record<Check['state'], string> = { ok: '✓', note: '–', problem: '✗' }

async function machine(): Promise<Check[]> {
  const { explainBackend } = await import('../../src/engine/index.js')
  const { name: backend, passedOver } = explainBackend('auto')
  const reasons = passedOver.map(({ name, reason }) => `not ${name}: ${reason}`)
  return [
    { name: 'Node.js', state: 'ok', detail: `${process.version}, ${process.platform}-${process.arch}` },
    { name: 'cores', state: 'ok', detail: String(availableParallelism()) },
    {
      name: 'backend',
      state: reasons.length === 0 ? 'ok' : 'note',
      detail: [backend, ...reasons].join('; '),
    },
  ]
}

async function service(options: SharedOptions): Promise<Check[]> {
  const { url, key } = chooseService(options)
  const client = connect(options)
  const found: Check = { name: 'service', state: 'ok', detail: url }
  try {
    await client.request('GET /health/live', { retries: 0, timeout: 5_000 })
  } catch {
    const { port, hostname } = new URL(url)
    const isLocal = ['127.0.0.1', 'localhost', '[::1]'].includes(hostname)
    const use =
      isLocal && (await isTaken(Number(port || 80)))
        ? 'Another program has its port.'
        : 'Start it: descent serve'
    return [{ ...found, state: 'problem', detail: `${url} does not answer. ${use}` }]
  }
  return [found, await readiness(client), await access(client, key)]
}

async function readiness(client: Descent): Promise<Check> {
  try {
    const ready = await client.request('GET /health/ready', { retries: 0 })
    return { name: 'ready', state: 'ok', detail: JSON.stringify(ready) }
  } catch (error) {
    return { name: 'ready', state: 'problem', detail: error instanceof Error ? error.message : String(error) }
  }
}

async function access(client: Descent, key: string | undefined): Promise<Check> {
  try {
    await client.request('GET /limits', { retries: 0 })
    return { name: 'key', state: 'ok', detail: key === undefined ? 'none needed' : 'accepted' }
  } catch (error) {
    return { name: 'key', state: 'problem', detail: error instanceof Error ? error.message : String(error) }
  }
}

/** Whether a program listens on this port of this machine. */
function isTaken(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(true))
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(false)))
  })
}
