/**
 * Time and memory of the upload of a wide CSV: MNIST as 60,000 lines of a digit and 784 pixels, and a quarter of it to show
 * what grows with the file. Then the time of a job on it to its first epoch. Linux only: peak memory is read from /proc.
 * Starts a separate service. Prints a JSON line per file.
 */
import { readFileSync } from 'node:fs'
import { loadavg } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import { request, submit, watch } from '../examples/client.js'
import { type Dataset, datasetSchema } from '../src/contract/dataset.js'
import { hasMnist, mnistBytes } from './mnist.js'
import { peakMemory, resetPeakMemory } from './peak-memory.js'
import { type Processes, withProcesses } from './processes.js'

const pixels = 784
const rounds = 3
const pollMilliseconds = 20

export async function main(): Promise<void> {
  if (!hasMnist('upload')) return
  await withProcesses(async (processes) => {
    for (const rows of [15_000, 60_000]) {
      const file = createCsv(rows)
      for (let round = 0; round < rounds; round++) {
        console.log(JSON.stringify({ benchmark: 'upload', rows, ...(await measure(processes, file)) }))
      }
    }
  })
}

function createCsv(rows: number): Buffer {
  const { images, labels } = mnistBytes('train')
  const header = ['label', ...Array.from({ length: pixels }, (_, index) => `pixel${index}`)].join()
  const lines = Array.from({ length: rows }, (_, row) => {
    return `${labels[row]},${images.subarray(row * pixels, (row + 1) * pixels).join()}`
  })
  return Buffer.from(`${header}\n${lines.join('\n')}\n`)
}

async function measure({ url, api, worker, database }: Processes, file: Buffer): Promise<object> {
  const [apiPid, workerPid] = [api.pid, worker.pid]
  if (apiPid === undefined || workerPid === undefined) throw new Error('a process did not start')
  for (const pid of [apiPid, workerPid]) resetPeakMemory(pid)
  const reading = watchChildren(apiPid)
  const begin = performance.now()
  const dataset = await request(`${url}/datasets?target=label`, datasetSchema, file)
  const uploaded = performance.now()
  const readingPeak = await reading.end()
  await firstEpoch(url, dataset)
  const trained = performance.now()
  await request(`${url}/datasets/${dataset.id}`, datasetSchema)
  await database.query('DELETE FROM "Dataset" WHERE id = $1', [dataset.id])
  return {
    megabytes: file.length / 1e6,
    storedMegabytes: dataset.bytes / 1e6,
    seconds: seconds(uploaded - begin),
    secondsToFirstEpoch: seconds(trained - uploaded),
    peakMebibytes: { api: peakMemory(apiPid), reading: readingPeak, worker: peakMemory(workerPid) },
    load: loadavg()[0],
  }
}

const seconds = (milliseconds: number) => Math.round(milliseconds / 10) / 100

async function firstEpoch(url: string, { id: dataset }: Dataset): Promise<void> {
  const job = await submit(url, {
    dataset,
    network: { layers: [{ type: 'dense', units: 10, activation: 'softmax' }] },
    loss: 'categoricalCrossentropy',
    epochs: 1,
  })
  for await (const message of watch(url, job)) {
    if (message.type === 'end' && message.job.status !== 'succeeded')
      throw new Error(`${job.id} did not train`)
  }
}

/** The largest peak of the processes that the API starts from now on, in MiB. */
function watchChildren(parent: number): { end(): Promise<number> } {
  let largest = 0
  let over = false
  const watching = (async () => {
    while (!over) {
      const children = readFileSync(`/proc/${parent}/task/${parent}/children`, 'utf8')
      for (const pid of children.split(' ').filter(Boolean))
        largest = Math.max(largest, peakMemory(Number(pid)))
      await sleep(pollMilliseconds)
    }
  })()
  return {
    async end() {
      over = true
      await watching
      return largest
    },
  }
}
