/**
 * Permutation importance (Breiman 2001), defined as scikit-learn's `permutation_importance`: the decrease of the score
 * when the values of one column are shuffled among the rows. A category is shuffled as a whole.
 */
import { seededRandom } from '../datasets/random.js'
import type { Predictor } from '../engine/index.js'
import type { ImportanceRequest, MeasuredImportance } from '../training/ports/predictor-pool.js'
import { encodeSample } from './encoded-sample.js'
import { createScorer } from './sample-score.js'
import type { TableOrder } from './table-rows.js'

export interface ImportanceOrder extends ImportanceRequest {
  rows: TableOrder
}

/** @throws DatasetError if the rows do not fit the model or the score is not defined, or the reason of the signal */
export async function permutationImportance(
  { rows, repeats, seed }: ImportanceOrder,
  predictor: Predictor,
  signal: AbortSignal,
): Promise<MeasuredImportance> {
  const passes = 1 + repeats * rows.coding.features.length
  const sample = await encodeSample(rows, passes, signal)
  const { blocks, opened } = sample
  const { score, scoreWith } = createScorer(sample, predictor, signal)
  const order = Int32Array.from(opened.rows, (_, index) => index)
  const baseline = await scoreWith({ block: { offset: 0, width: 0 }, donor: (row) => row })
  const decreases = blocks.map((): number[] => [])
  const random = seededRandom(seed)
  // As in scikit-learn, each repeat shuffles the previous order, and all columns have the same orders.
  for (let repeat = 0; repeat < repeats; repeat++) {
    shuffle(order, random.uniform)
    for (const [index, block] of blocks.entries()) {
      const shuffled = await scoreWith({ block, donor: (row) => order[row] })
      decreases[index].push(baseline - shuffled)
    }
  }
  const columns = blocks.map(({ feature: { name } }, index) => ({ name, ...describe(decreases[index]) }))
  return {
    available: opened.available,
    count: opened.rows.length,
    score,
    baseline,
    columns: columns.sort((a, b) => b.mean - a.mean),
  }
}

/** Fisher–Yates (Durstenfeld 1964), from the end. */
function shuffle(order: Int32Array, uniform: () => number): void {
  for (let last = order.length - 1; last > 0; last--) {
    const chosen = Math.floor(uniform() * (last + 1))
    const kept = order[last]
    order[last] = order[chosen]
    order[chosen] = kept
  }
}

function describe(decreases: number[]) {
  const mean = average(decreases)
  const deviation = Math.sqrt(average(decreases.map((decrease) => (decrease - mean) ** 2)))
  return { mean, deviation, decreases }
}

const average = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length
