/** A long history for benchmarks, stored without training it. */
import type pg from 'pg'
import type { Job } from '../src/contract/job.js'

const epochsPerBatch = 10_000

/** Makes the finished job one of so many epochs. */
export async function storeHistory(database: pg.Client, job: Job, epochs: number): Promise<Job> {
  await database.query('DELETE FROM "EpochBatch" WHERE "jobId" = $1', [job.id])
  for (let first = 1; first <= epochs; first += epochsPerBatch) {
    const last = Math.min(epochs, first + epochsPerBatch - 1)
    const metrics = new Float64Array(4 * (last - first + 1)).fill(Number.NaN)
    for (let epoch = first; epoch <= last; epoch++) {
      // As long in decimal as what trainings measure.
      metrics[4 * (epoch - first)] = Math.exp(-epoch / epochs) * (1 + Math.random() / 1e3)
      metrics[4 * (epoch - first) + 1] = 0.75
    }
    await database.query(
      `INSERT INTO "EpochBatch" ("jobId", "firstEpoch", "lastEpoch", metrics, "startSeconds", "endSeconds")
       VALUES ($1, $2, $3, $4, $5, $6)`,
      [job.id, first, last, Buffer.from(metrics.buffer), (first - 1) / 1e5, last / 1e5],
    )
  }
  await database.query('UPDATE "Job" SET epoch = $2, epochs = $2 WHERE id = $1', [job.id, epochs])
  await database.query('ANALYZE "EpochBatch"')
  return { ...job, epoch: epochs, epochs }
}
