/** The score of a model on a sample of rows: accuracy, or R² for numbers. */
import type { Evaluation } from '../contract/evaluation.js'
import type { Importance } from '../contract/importance.js'
import { classReader, Evaluator } from '../datasets/evaluation.js'
import { shownNames } from '../datasets/shown-text.js'
import { DatasetError } from '../datasets/table.js'
import { targetNames, targetWidth } from '../datasets/target-coding.js'
import type { Predictor } from '../engine/index.js'
import { type EncodedSample, predictWith, type Replacement } from './encoded-sample.js'
import { evaluatorOptions } from './table-rows.js'

interface Scorer {
  score: Importance['score']
  /** @throws DatasetError if the score is not defined, or the reason of the signal */
  scoreWith(replacement: Replacement): Promise<number>
}

export function createScorer(sample: EncodedSample, predictor: Predictor, signal: AbortSignal): Scorer {
  const { opened, y } = sample
  const { target: coding } = opened.coding
  const reading = evaluatorOptions(opened)
  const classes = classReader(coding, reading)
  const width = targetWidth(coding)
  const count = opened.rows.length
  const newEvaluator = () => new Evaluator(coding, reading, { rows: 'given', available: count, count })
  const predict = (replacement: Replacement, use: (target: Float32Array, output: Float32Array) => void) =>
    predictWith(sample, replacement, predictor, signal, (row, output) =>
      use(y.subarray(row * width, (row + 1) * width), output),
    )

  async function computeScore(replacement: Replacement): Promise<number> {
    if (classes === null) {
      const evaluator = newEvaluator()
      await predict(replacement, (target, output) => evaluator.add(target, output))
      return readScore(evaluator.result())
    }
    let [right, answered] = [0, 0]
    await predict(replacement, (target, output) => {
      if (!output.every(Number.isFinite)) return
      answered++
      if (classes.actual(target) === classes.predicted(output)) right++
    })
    return right / answered
  }

  return {
    score: newEvaluator().result().type === 'regression' ? 'r2' : 'accuracy',
    async scoreWith(replacement) {
      const score = await computeScore(replacement)
      if (Number.isFinite(score)) return score
      throw new DatasetError(
        'invalid-dataset',
        `the score is not defined: ${shownNames(targetNames(coding))} must have different values in these ${count} ` +
          'rows, and finite predictions',
      )
    },
  }
}

/** NaN if it is not defined. */
function readScore(evaluation: Evaluation): number {
  switch (evaluation.type) {
    case 'classification':
      return evaluation.accuracy ?? Number.NaN
    case 'multiLabel':
      return average(
        evaluation.labels.map(({ confusion: [no, yes] }) => (no[0] + yes[1]) / sum([...no, ...yes])),
      )
    case 'regression':
      return average(evaluation.targets.map(({ r2 }) => r2 ?? Number.NaN))
    default:
      return evaluation satisfies never
  }
}

const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0)
const average = (values: readonly number[]) => sum(values) / values.length
