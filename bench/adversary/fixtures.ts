/** The resources of the adversary: a dataset, a large model, and jobs with many rows or many epochs. */
import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'
import { type HttpClient, json } from '../http-client.js'

export interface AttackFixtures {
  client: HttpClient
  datasetId: string
  /** A network of a million parameters on two features. */
  modelId: string
  /** Trained on 100,000 generated rows. */
  rowsJobId: string
  /** Has 300,000 epochs. */
  longJobId: string
  /** Retrained on 100,000 generated rows. */
  retrainedModelId: string
}

const named = z.object({ id: z.string() })
const ended = z.object({ status: z.string(), modelId: z.string().nullable() })

const dense = (units: number, activation: string) => ({ type: 'dense', units, activation })
/** The largest generated dataset. */
export const generated = { name: 'spirals', rows: 100_000, noise: 0.1 } as const

export const training = (units: readonly number[], changes: object) => ({
  dataset: { name: 'spirals', rows: 100 },
  network: { layers: [...units.map((each) => dense(each, 'relu')), dense(1, 'sigmoid')] },
  loss: 'binaryCrossentropy',
  epochs: 1,
  seed: 1,
  ...changes,
})

/** A CSV file with four numeric columns and a category. */
export function createCsv(megabytes: number): Buffer {
  const lines = ['a,b,c,d,kind']
  for (let row = 0, bytes = 0; bytes < megabytes * 1024 ** 2; row++) {
    const line = `${row / 7},${(row * 31) % 1_009},${row % 13},${-row / 3},${row % 2 === 0 ? 'even' : 'odd'}`
    lines.push(line)
    bytes += line.length + 1
  }
  return Buffer.from(`${lines.join('\n')}\n`)
}

export async function prepareFixtures(client: HttpClient): Promise<AttackFixtures> {
  const dataset = named.parse(
    await client.sendOk({ method: 'POST', path: '/datasets', type: 'text/csv', body: createCsv(1) }),
  )
  const train = async (body: object, path = '/jobs') => {
    const { id } = named.parse(await client.sendOk({ method: 'POST', path, body: json(body) }))
    for (;;) {
      const job = ended.parse(await client.sendOk({ method: 'GET', path: `/jobs/${id}` }))
      if (job.modelId !== null) return { id, modelId: job.modelId }
      if (!['queued', 'running'].includes(job.status)) throw new Error(`a prepared job ${job.status}`)
      await sleep(100)
    }
  }
  const { modelId } = await train(training([1_024, 1_024], {}))
  const rows = await train(training([4], { dataset: generated, validationSplit: 0.2 }))
  const retrained = await train({ dataset: generated }, `/models/${rows.modelId}/retrain`)
  const { id: longJobId } = await train(training([4], { dataset: 'xor', epochs: 300_000 }))
  return {
    client,
    datasetId: dataset.id,
    modelId,
    rowsJobId: rows.id,
    longJobId,
    retrainedModelId: retrained.modelId,
  }
}
