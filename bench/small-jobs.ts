/**
 * Small jobs of a tenant while another one occupies all training threads:
 * `npm run bench -- small-jobs [--jobs 40] [--pause 0] [--against FOLDER]`. The other tenant has two long trainings, then
 * jobs on a table of ten thousand columns. Measures the time from the creation of each small job to its end, and the
 * epochs per second of the long trainings before, during and after.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { gzipSync } from 'node:zlib'
import { z } from 'zod'
import { projectFolder } from '../examples/service.js'
import { median } from './adversary/ordinary-tenant.js'
import { wideTable } from './adversary/table-attacks.js'
import { makeTenants } from './adversary/tenants.js'
import { HttpClient, json } from './http-client.js'
import { type StartedProcesses, startProcesses } from './processes.js'

const threads = 2
const pollMilliseconds = 5
const rateMilliseconds = 8_000
const jobSchema = z.object({
  id: z.string(),
  status: z.string(),
  epoch: z.int(),
  createdAt: z.iso.datetime(),
  finishedAt: z.iso.datetime().nullable(),
})

const network = (units: number) => ({
  layers: [
    { type: 'dense', units, activation: 'sigmoid' },
    { type: 'dense', units: 1, activation: 'sigmoid' },
  ],
})
const small = { dataset: 'xor', network: network(4), loss: 'binaryCrossentropy', epochs: 100, seed: 1 }
const long = {
  dataset: { name: 'spirals', rows: 1_000 },
  network: network(64),
  loss: 'binaryCrossentropy',
  epochs: 1_000_000,
}

export async function main(args: string[]): Promise<void> {
  const { values } = parseArgs({
    args,
    options: {
      jobs: { type: 'string', default: '40' },
      pause: { type: 'string', default: '0' },
      against: { type: 'string' },
    },
  })
  const jobs = Number(values.jobs)
  const pause = Number(values.pause)
  console.log(
    '| build | beside | median | 95 % | longest | jobs/s | epochs/s before, during, after | preemptions |',
  )
  console.log('|---|---|---|---|---|---|---|---|')
  const folders = values.against === undefined ? [projectFolder] : [values.against, projectFolder]
  for (const folder of folders) {
    const build = folder === projectFolder ? 'this' : 'other'
    for (const scene of ['nothing', 'long trainings', 'wide tables'] as const) {
      const processes = await startProcesses({ folder, environment: { WORKER_CONCURRENCY: String(threads) } })
      try {
        const cells = await measure(processes, scene, { jobs, pause })
        console.log(`| ${[build, scene, ...cells].join(' | ')} |`)
      } finally {
        await processes.stop()
      }
    }
  }
}

type Scene = 'nothing' | 'long trainings' | 'wide tables'

async function measure(
  { url, postgres, database }: StartedProcesses,
  scene: Scene,
  options: { jobs: number; pause: number },
): Promise<string[]> {
  const keys = await makeTenants(postgres.connectionString)
  const other = new HttpClient(url, keys.adversary)
  const own = new HttpClient(url, keys.ordinary)
  for (const _ of [1, 2, 3]) await train(own)
  const occupying = scene === 'nothing' ? [] : await occupy(other, scene)
  if (scene !== 'nothing') await sleep(4_000)
  const isLong = scene === 'long trainings'
  const before = isLong ? await rate(other, occupying, () => sleep(rateMilliseconds)) : 0
  const times: number[] = []
  const session = async () => {
    for (let index = 0; index < options.jobs; index++) {
      times.push(await train(own))
      await sleep(options.pause)
    }
  }
  const began = performance.now()
  const during = await rate(other, isLong ? occupying : [], session)
  const perSecond = (1_000 * options.jobs) / (performance.now() - began)
  const after = isLong ? await rate(other, occupying, () => sleep(rateMilliseconds)) : 0
  const { rows } = await database.query(
    `SELECT count(*)::int AS count FROM "JobEvent" WHERE reason = 'preempted'`,
  )
  other.close()
  own.close()
  const sorted = times.toSorted((x, y) => x - y)
  const show = (milliseconds: number) => `${milliseconds.toFixed(0)} ms`
  return [
    show(median(times)),
    show(sorted[Math.ceil(0.95 * sorted.length) - 1]),
    show(sorted[sorted.length - 1]),
    perSecond.toFixed(1),
    isLong ? [before, during, after].map((each) => each.toFixed(0)).join(', ') : '',
    String(Object(rows[0]).count),
  ]
}

/** Milliseconds from the creation to the end. */
async function train(client: HttpClient): Promise<number> {
  const { id } = jobSchema.parse(await client.sendOk({ method: 'POST', path: '/jobs', body: json(small) }))
  for (;;) {
    const { createdAt, finishedAt } = await read(client, id)
    if (finishedAt !== null) return Date.parse(finishedAt) - Date.parse(createdAt)
    await sleep(pollMilliseconds)
  }
}

const read = async (client: HttpClient, id: string) =>
  jobSchema.parse(await client.sendOk({ method: 'GET', path: `/jobs/${id}` }))

async function occupy(client: HttpClient, scene: Scene): Promise<string[]> {
  const isWide = scene === 'wide tables'
  const table = { method: 'POST', path: '/datasets', type: 'application/gzip' } as const
  const dataset = isWide ? Object(await client.sendOk({ ...table, body: gzipSync(wideTable()) })).id : null
  const ids: string[] = []
  for (let index = 0; index < (isWide ? 60 : threads); index++) {
    // Of other splits, so that no job finds the rows of another one encoded.
    const body = json(isWide ? { dataset, seed: index, validationSplit: 0.2 } : { ...long, seed: index })
    ids.push(jobSchema.parse(await client.sendOk({ method: 'POST', path: '/jobs', body })).id)
  }
  return ids
}

/** Epochs per second of these jobs while `work` runs. */
async function rate(
  client: HttpClient,
  ids: readonly string[],
  work: () => Promise<unknown>,
): Promise<number> {
  const epochs = async () => {
    const jobs = await Promise.all(ids.map((id) => read(client, id)))
    return jobs.reduce((sum, { epoch }) => sum + epoch, 0)
  }
  const [first, began] = [await epochs(), performance.now()]
  await work()
  return ((await epochs()) - first) / ((performance.now() - began) / 1_000)
}
