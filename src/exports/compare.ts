/** Compares the answers of an exported file with those of the service. */
import { answerRules } from './answer-rules.js'
import type { ExpectedPrediction, ExportableModel, ExportOptions } from './exporter.js'

/** The most that a number may differ, relative to the larger of 1 and the largest output, in units of the network. */
export const tolerance = 1e-5

export interface ExportedAnswer {
  output: ArrayLike<number>
  /** Absent where the file does not decode outputs. */
  label?: string | undefined
}

/**
 * The first difference between the answers of a file and the expected ones, as a clause; null if there is none.
 * Between two classes that are equally likely within the tolerance, either is right.
 * @param answers of the file, one for each expected prediction
 */
export function firstDifference(
  model: ExportableModel,
  expected: readonly ExpectedPrediction[],
  { preprocessing }: Pick<ExportOptions, 'preprocessing'>,
  answers: readonly ExportedAnswer[],
): string | null {
  const { scaling, names, positiveFrom } = answerRules(model)
  for (const [row, each] of expected.entries()) {
    const answer = answers[row]
    const right = preprocessing ? each.output : each.networkOutput
    const limit = tolerance * each.networkOutput.reduce((most, value) => Math.max(most, Math.abs(value)), 1)
    if (answer.output.length !== right.length) {
      return `Row ${row} has ${answer.output.length} outputs instead of ${right.length}`
    }
    for (const [index, value] of right.entries()) {
      const unit = preprocessing ? (scaling?.scale[index] ?? 1) : 1
      const given = answer.output[index]
      if (!(Math.abs(given - value) <= limit * unit)) {
        return `Output ${index} of row ${row} is ${given} instead of ${value}`
      }
    }
    if (answer.label === undefined || each.label === null || answer.label === each.label) continue
    const [chosen, better] = [names.indexOf(answer.label), names.indexOf(each.label)]
    const margin =
      positiveFrom === null ? right[better] - right[chosen] : Math.abs((right.at(-1) ?? 0) - positiveFrom)
    if (!(margin <= 2 * limit)) return `The label of row ${row} is ${answer.label} instead of ${each.label}`
  }
  return null
}
