/** A workshop with participants for the pictures of its views, on a separate service, because it needs keys. */
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'
import { projectFolder } from '../examples/service.js'
import { jobSchema } from '../src/contract/job.js'
import { joinedSchema, workshopSchema } from '../src/contract/workshop.js'
import { startProcesses } from './processes.js'

const scopes = 'jobs:write,models:write,datasets:write,workshops:write'
const nicknames = ['ada', 'grace', 'Linus', 'margaret h.', 'a nickname of almost forty letters']

const dense = (units: number, activation: string) => ({ type: 'dense', units, activation })
const xor = {
  name: 'XOR, four units',
  dataset: 'xor',
  network: { layers: [dense(4, 'tanh'), dense(1, 'sigmoid')] },
  loss: 'binaryCrossentropy',
  epochs: 300,
}
const moons = {
  ...xor,
  name: 'Moons',
  dataset: { name: 'moons', rows: 20_000, noise: 0.2, seed: 1 },
  epochs: 20_000,
  validationSplit: 0.2,
}

interface PictureWorkshop {
  url: string
  id: string
  teacherKey: string
  participantKey: string
  stop(): Promise<void>
}

function createKey(database: string): string {
  const command = join(projectFolder, 'dist', 'src', 'commands', 'keys.js')
  const { stdout } = spawnSync(
    process.execPath,
    [command, 'create', '--tenant', 'teacher', '--scopes', scopes],
    {
      encoding: 'utf8',
      env: { ...process.env, DATABASE_URL: database },
    },
  )
  return z.string().parse(/^descent_[0-9a-f]{104}$/m.exec(stdout)?.[0])
}

/** The participants share one thread, so that the last ones wait. */
export async function startPictureWorkshop(): Promise<PictureWorkshop> {
  const { url, postgres, stop } = await startProcesses({ environment: { MAXIMUM_THREADS: '1' } })
  try {
    return { url, ...(await openWorkshop(url, createKey(postgres.connectionString))), stop }
  } catch (error) {
    await stop()
    throw error
  }
}

async function openWorkshop(url: string, teacherKey: string) {
  while ((await fetch(`${url}/jobs`)).status !== 401) await sleep(200)
  async function post<T>(path: string, answer: z.ZodType<T>, body: object, key?: string): Promise<T> {
    const authorization: Record<string, string> = key === undefined ? {} : { authorization: `Bearer ${key}` }
    const headers = { 'content-type': 'application/json', ...authorization }
    const response = await fetch(url + path, { method: 'POST', headers, body: JSON.stringify(body) })
    return answer.parse(await response.json())
  }
  const workshop = { name: 'Neural networks, Monday', hours: 4, spec: xor }
  const { id, code } = await post('/workshops', workshopSchema, workshop, teacherKey)
  let participantKey = ''
  for (const [index, nickname] of nicknames.entries()) {
    const { key } = await post('/workshop/join', joinedSchema, { code, nickname })
    await post('/jobs', jobSchema, index < 2 ? xor : moons, key)
    participantKey = key
    await sleep(index < 2 ? 2_000 : 200)
  }
  return { id, teacherKey, participantKey }
}
