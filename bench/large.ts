/**
 * The largest models within the default limits: seconds to store one, and the peak memory of the worker that trains it and
 * of the API with six concurrent predictions. Linux only. Starts a separate service. Prints a JSON line per model.
 *
 * The time on a disk of 20 MB/s is computed: the measured time, plus the growth of the WAL at that rate.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { request, submit } from '../examples/client.js'
import { type Job, jobSchema } from '../src/contract/job.js'
import { modelSchema } from '../src/contract/model.js'
import { peakMemory, resetPeakMemory } from './peak-memory.js'
import { type Processes, withProcesses } from './processes.js'

const diskBytesPerSecond = 20e6
const predictions = 6
const pollMilliseconds = 10
const mebibyte = 1024 * 1024
const spare = 300

/** Two hidden layers of `units`; the arena is four times the weights with Adam, twice with plain SGD. */
const cases = [
  { name: 'adam', units: 8_120, optimizer: { type: 'adam', learningRate: 1e-4 }, arena: 4 },
  { name: 'sgd', units: 11_400, optimizer: { type: 'sgd', learningRate: 1e-4 }, arena: 2 },
] as const

type Case = (typeof cases)[number]

export async function main(names: string[]): Promise<void> {
  for (const each of cases) {
    if (names.length > 0 && !names.includes(each.name)) continue
    // The worker may still hold memory of an earlier large model.
    await withProcesses(async (processes) => {
      console.log(
        JSON.stringify({ benchmark: 'large', optimizer: each.name, ...(await measure(processes, each)) }),
      )
    })
  }
}

async function measure(processes: Processes, each: Case): Promise<object> {
  const { url, api, worker } = processes
  const [apiPid, workerPid] = [api.pid, worker.pid]
  if (apiPid === undefined || workerPid === undefined) throw new Error('a process did not start')
  resetPeakMemory(workerPid)
  const { units, optimizer } = each
  const dense = { type: 'dense' as const, units, activation: 'relu' as const }
  const train = (more: object) =>
    submit(url, {
      dataset: 'xor',
      network: { layers: [dense, dense, { type: 'dense', units: 1, activation: 'sigmoid' }] },
      loss: 'binaryCrossentropy',
      optimizer,
      epochs: 3,
      earlyStopping: null,
      ...more,
    })
  const { id } = await train({})
  const stored = await storing(processes, id)
  const workerPeak = peakMemory(workerPid)
  const model = await request(`${url}/models/${stored.job.modelId}`, modelSchema)
  const weights = model.weightBytes / mebibyte

  resetPeakMemory(apiPid)
  const begin = performance.now()
  const ask = async (modelId = model.id) => {
    const answer = await fetch(`${url}/models/${modelId}/predict?x=1,0`)
    if (!answer.ok) throw new Error(await answer.text())
  }
  await Promise.all(Array.from({ length: predictions }, () => ask()))
  const first = seconds(begin)
  const next = performance.now()
  await Promise.all(Array.from({ length: predictions }, () => ask()))
  const again = { seconds: seconds(next), apiMebibytes: peakMemory(apiPid) }

  resetPeakMemory(workerPid)
  const fineTuned = await storing(processes, (await train({ dataset: 'and', from: model.id })).id)
  const secondPeak = peakMemory(workerPid)
  for (let round = 0; round < 3; round++) {
    for (const modelId of [model.id, fineTuned.job.modelId ?? '']) await ask(modelId)
  }
  return {
    parameters: model.parameters,
    weightsMebibytes: Math.round(weights),
    storeSeconds: stored.seconds,
    storeSecondsAt20: Math.round(10 * (stored.seconds + stored.logBytes / diskBytesPerSecond)) / 10,
    goalSeconds: 20,
    logMebibytes: Math.round(stored.logBytes / mebibyte),
    workerMebibytes: workerPeak,
    trainingMebibytes: Math.round(each.arena * weights),
    goalWorker: Math.round(2.5 * weights + spare),
    apiMebibytes: again.apiMebibytes,
    goalApi: Math.round(1.5 * weights + spare),
    firstPredictionsSeconds: first,
    nextPredictionsSeconds: again.seconds,
    secondWorkerMebibytes: secondPeak,
    alternatingApiMebibytes: peakMemory(apiPid),
  }
}

/** From the first chunk of the model to its end. */
async function storing(
  { url, database }: Processes,
  id: string,
): Promise<{ job: Job; seconds: number; logBytes: number }> {
  const drafts = async () =>
    (await database.query('SELECT FROM "Draft" WHERE "modelId" IS NOT NULL')).rowCount ?? 0
  const position = async () => {
    const { rows } = await database.query<{ bytes: number }>(
      `SELECT pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')::float8 AS bytes`,
    )
    return rows[0].bytes
  }
  while ((await drafts()) === 0) {
    const { status, error } = await request(`${url}/jobs/${id}`, jobSchema)
    if (status === 'failed' || status === 'succeeded') throw new Error(`${status}: ${error?.message}`)
    await sleep(pollMilliseconds)
  }
  const begin = performance.now()
  const before = await position()
  while ((await drafts()) > 0) await sleep(pollMilliseconds)
  const taken = seconds(begin)
  const job = await request(`${url}/jobs/${id}`, jobSchema)
  if (job.status !== 'succeeded') throw new Error(`${job.status}: ${job.error?.message}`)
  return { job, seconds: taken, logBytes: (await position()) - before }
}

const seconds = (since: number) => Math.round((performance.now() - since) / 10) / 100
