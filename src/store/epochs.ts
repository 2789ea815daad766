/** Epochs, stored in batches: four little-endian float64 each. NaN stands for null, an infinite loss for a diverged one. */
import type { Epoch, Metrics } from '../contract/epoch.js'
import type { EpochStore } from '../training/ports.js'
import type { Database } from './database.js'

const numbersPerEpoch = 4
const bytesPerEpoch = 8 * numbersPerEpoch

interface Batch {
  firstEpoch: number
  lastEpoch: number
  metrics: Uint8Array
}

export function epochStore(database: Database): EpochStore {
  return {
    async read(jobId, after, limit) {
      const epochs: Epoch[] = []
      let position = after
      while (epochs.length < limit) {
        const batches = await database.epochBatch.findMany({
          where: { jobId, lastEpoch: { gt: position } },
          orderBy: { firstEpoch: 'asc' },
          take: 50,
        })
        if (batches.length === 0) break
        for (const batch of batches) {
          for (let epoch = Math.max(batch.firstEpoch, position + 1); epoch <= batch.lastEpoch; epoch++) {
            if (epochs.length === limit) return epochs
            epochs.push(decodeEpoch(batch, epoch))
          }
          position = batch.lastEpoch
        }
      }
      return epochs
    },

    async readThinned(jobId, points) {
      const job = await database.job.findUnique({ where: { id: jobId }, select: { epoch: true } })
      const wanted = spread(job?.epoch ?? 0, points)
      const batches = await database.$queryRaw<Batch[]>`
        SELECT DISTINCT ON (batch."firstEpoch") batch."firstEpoch", batch."lastEpoch", batch.metrics
        FROM unnest(${wanted}::int[]) AS wanted(epoch)
        CROSS JOIN LATERAL (
          SELECT * FROM "EpochBatch"
          WHERE "jobId" = ${jobId} AND "firstEpoch" <= wanted.epoch
          ORDER BY "firstEpoch" DESC LIMIT 1
        ) batch
        ORDER BY batch."firstEpoch"`
      const epochs: Epoch[] = []
      let index = 0
      for (const epoch of wanted) {
        while (index < batches.length && batches[index].lastEpoch < epoch) index++
        const batch = batches[index]
        if (batch !== undefined && batch.firstEpoch <= epoch) epochs.push(decodeEpoch(batch, epoch))
      }
      return epochs
    },
  }
}

/** `points` whole numbers from 1 to `last`, evenly spread, both ends among them. */
export function spread(last: number, points: number): number[] {
  if (last <= points) return Array.from({ length: last }, (_, index) => index + 1)
  if (points === 1) return [last]
  return Array.from({ length: points }, (_, index) => 1 + Math.round((index * (last - 1)) / (points - 1)))
}

export function encodeEpochs(epochs: readonly Epoch[]): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(epochs.length * bytesPerEpoch)
  const view = new DataView(bytes.buffer)
  epochs.forEach((epoch, index) => {
    const at = index * bytesPerEpoch
    view.setFloat64(at, epoch.diverged ? Number.POSITIVE_INFINITY : (epoch.loss ?? Number.NaN), true)
    view.setFloat64(at + 8, epoch.accuracy ?? Number.NaN, true)
    view.setFloat64(at + 16, epoch.valLoss ?? Number.NaN, true)
    view.setFloat64(at + 24, epoch.valAccuracy ?? Number.NaN, true)
  })
  return bytes
}

function decodeEpoch(batch: Batch, epoch: number): Epoch {
  const view = new DataView(batch.metrics.buffer, batch.metrics.byteOffset, batch.metrics.byteLength)
  const at = (epoch - batch.firstEpoch) * bytesPerEpoch
  const loss = view.getFloat64(at, true)
  const metrics = epochOf({
    loss,
    accuracy: view.getFloat64(at + 8, true),
    valLoss: view.getFloat64(at + 16, true),
    valAccuracy: view.getFloat64(at + 24, true),
  })
  return loss === Number.POSITIVE_INFINITY ? { epoch, ...metrics, diverged: true } : { epoch, ...metrics }
}

/** Metrics fit for the wire: nothing that JSON cannot carry. */
export function epochOf(row: { [Key in keyof Metrics]: number | null }): Metrics {
  const finite = (value: number | null) => (value !== null && Number.isFinite(value) ? value : null)
  return {
    loss: finite(row.loss),
    accuracy: finite(row.accuracy),
    valLoss: finite(row.valLoss),
    valAccuracy: finite(row.valAccuracy),
  }
}
