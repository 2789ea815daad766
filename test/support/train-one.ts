/** One training in a pool of threads, however it reports. */
import type { Progress } from '../../src/training/ports/runs.js'
import type { Outcome, TrainingOrder } from '../../workers/messages.js'
import type { TrainerPool } from '../../workers/trainer-pool.js'

/** @param store is given the progress of a training reported whole, too */
export async function trainOne(
  pool: Pick<TrainerPool, 'train'>,
  order: TrainingOrder,
  store: (progress: Progress) => Promise<void> = async () => {},
): Promise<Outcome> {
  let outcome: Outcome | undefined
  await pool.train([order], {
    store: (_index, progress) => store(progress),
    async storeWhole(trainings) {
      for (const { progress, model } of trainings) {
        await store({ ...progress, checkpoint: null })
        outcome = { type: 'trained', model }
      }
    },
    async ended(_index, how) {
      outcome = how
    },
    encoded: () => {},
    begun: () => {},
    fold: () => {},
    fill: async () => null,
    trained: () => {},
  })
  if (outcome === undefined) throw new Error('the training ended without an outcome')
  return outcome
}
