/**
 * How trainings side by side share the cores: `npm run bench -- scaling [--backend wasm] [--workload W4] [--rounds 5]`.
 * Each round trains the workload in one worker thread, then in as many at once as there are cores, every thread for the
 * same time; the ratio is what all of them did together to what as many lone ones would have done.
 */
import { once } from 'node:events'
import { availableParallelism } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads'
import { parseBackend, parseWorkloads } from './engine.js'
import { Bench } from './measurement.js'

const roundMilliseconds = 2_000

if (!isMainThread) {
  const { workload, backend } = workerData
  const bench = new Bench(workload, backend)
  parentPort?.on('message', (milliseconds: number) => {
    const end = performance.now() + milliseconds
    let passes = 0
    const begin = performance.now()
    do {
      bench.run()
      passes++
    } while (performance.now() < end)
    parentPort?.postMessage(passes / (performance.now() - begin))
  })
  parentPort?.postMessage('ready')
}

async function nextAnswer(worker: Worker): Promise<number> {
  const [answer] = await once(worker, 'message')
  return Number(answer)
}

async function measureRate(workers: readonly Worker[]): Promise<number> {
  const answers = workers.map(nextAnswer)
  for (const worker of workers) worker.postMessage(roundMilliseconds)
  return (await Promise.all(answers)).reduce((sum, rate) => sum + rate, 0)
}

export async function main(args: string[]): Promise<void> {
  const { values } = parseArgs({
    args,
    options: {
      backend: { type: 'string', default: 'wasm' },
      workload: { type: 'string', default: 'W2,W3,W4' },
      rounds: { type: 'string', default: '5' },
    },
  })
  const cores = availableParallelism()
  for (const workload of parseWorkloads(values.workload)) {
    const data = { workload, backend: parseBackend(values.backend) }
    const workers = Array.from(
      { length: cores },
      () => new Worker(new URL(import.meta.url), { workerData: data }),
    )
    await Promise.all(workers.map(nextAnswer))
    const ratios: number[] = []
    for (let round = 0; round < Number(values.rounds); round++) {
      const alone = await measureRate(workers.slice(0, 1))
      await sleep(50)
      ratios.push((await measureRate(workers)) / (cores * alone))
    }
    await Promise.all(workers.map((worker) => worker.terminate()))
    const sorted = ratios.toSorted((a, b) => a - b)
    const shown = [sorted[sorted.length >> 1], sorted[0], sorted.at(-1)].map((ratio) => ratio?.toFixed(2))
    console.log(
      `${workload} ${values.backend}: ${cores} at once ${shown[0]} of ${cores} alone (${shown[1]} … ${shown[2]})`,
    )
  }
}
