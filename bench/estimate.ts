/**
 * Accuracy of the estimates of POST /jobs/validate: `npm run bench -- estimate [--rounds 3]`. Each round estimates and
 * then trains jobs with three sizes of steps, on a separate service. The first round has no earlier trainings of the
 * same size. Prints a JSON line per training, then the median and the largest error.
 */
import { loadavg } from 'node:os'
import { parseArgs } from 'node:util'
import type { z } from 'zod'
import { request, submit, watch } from '../examples/client.js'
import type { jobRequestSchema } from '../src/contract/job-request.js'
import { jobValidationSchema } from '../src/contract/job-spec.js'
import { withProcesses } from './processes.js'

type JobRequest = z.input<typeof jobRequestSchema>

const sizes: Readonly<Record<string, JobRequest>> = {
  'batches of 10, 4 units': training(100, 4, 10, 100_000),
  'batches of 32, 32 units': training(1_000, 32, 32, 3_000),
  'batches of 128, 256 units': training(2_000, 256, 128, 100),
}

function training(rows: number, units: number, batchSize: number, epochs: number): JobRequest {
  return {
    dataset: { name: 'spirals', rows, seed: 1 },
    network: {
      layers: [
        { type: 'dense', units, activation: 'tanh' },
        { type: 'dense', units, activation: 'tanh' },
        { type: 'dense', units: 1, activation: 'sigmoid' },
      ],
    },
    loss: 'binaryCrossentropy',
    batchSize,
    epochs,
    seed: 1,
  }
}

export const main = (args: string[]) =>
  withProcesses(async ({ url }) => {
    const { values } = parseArgs({ args, options: { rounds: { type: 'string', default: '3' } } })
    for (let round = 1; round <= Number(values.rounds); round++) {
      const errors: number[] = []
      for (const [size, job] of Object.entries(sizes)) {
        const { estimatedSeconds } = await request(`${url}/jobs/validate`, jobValidationSchema, job)
        const seconds = await train(url, job)
        errors.push(Math.exp(Math.abs(Math.log(estimatedSeconds / seconds))))
        const load = loadavg()[0]
        console.log(JSON.stringify({ benchmark: 'estimate', round, size, estimatedSeconds, seconds, load }))
      }
      const [, median, worst] = errors.toSorted((a, b) => a - b).map((error) => error.toFixed(2))
      console.log(`round ${round}: median error: factor ${median}, largest: factor ${worst}`)
    }
  })

/** Seconds from its start to its end. */
async function train(url: string, request: JobRequest): Promise<number> {
  for await (const message of watch(url, await submit(url, request))) {
    if (message.type !== 'end') continue
    const { status, startedAt, finishedAt } = message.job
    if (status !== 'succeeded' || startedAt === null || finishedAt === null)
      throw new Error(`the job is ${status}`)
    return (Date.parse(finishedAt) - Date.parse(startedAt)) / 1_000
  }
  throw new Error('the stream closed before the end message')
}
