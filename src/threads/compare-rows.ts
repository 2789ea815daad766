/** Finds the rows whose predictions differ most between two models, of which one answers after the other. */
import { maximumComparedNumbers, maximumComparedRows } from '../contract/changed-rows.js'
import { lastActivation } from '../contract/network.js'
import { classReader } from '../datasets/evaluation.js'
import { unscaleTarget } from '../datasets/target-scaling.js'
import type { Predictor } from '../engine/index.js'
import type { Changes, OtherAnswers, RowAnswers } from '../training/ports/predictor-pool.js'
import { answerRows } from './answer-rows.js'
import type { Ranked } from './largest-losses.js'
import { predictionReader, shownColumns, showRows } from './shown-rows.js'
import { evaluatorOptions, type OpenedRows, openRows, type TableOrder, toTable } from './table-rows.js'

export interface ComparisonOrder {
  rows: TableOrder
  limit: number
  /** The answers of the other model on the same rows. */
  other: OtherAnswers
}

/** @throws DatasetError if the rows do not fit the model */
export async function answerAll(
  order: TableOrder,
  predictor: Predictor,
  signal: AbortSignal,
): Promise<RowAnswers> {
  const answers = await readAnswers(openCompared(order), predictor, signal)
  const size = answers[0]?.output.length ?? 0
  const outputs = new Float32Array(answers.length * size)
  for (const [index, { output }] of answers.entries()) outputs.set(output, index * size)
  return { losses: Float64Array.from(answers, ({ loss }) => loss), outputs }
}

/** @throws DatasetError if the rows do not fit the model */
export async function compareRows(
  { rows: order, limit, other }: ComparisonOrder,
  predictor: Predictor,
  signal: AbortSignal,
): Promise<Changes> {
  const table = toTable(order.table)
  const opened = openCompared({ ...order, table })
  const labels = labelComparer(opened, other)
  const compared: Compared[] = []
  for (const [index, answer] of (await readAnswers(opened, predictor, signal)).entries()) {
    const { output, loss } = answer
    const otherLoss = other.losses[index]
    const otherOutput = other.outputs.subarray(index * output.length, (index + 1) * output.length)
    const isAnswered = [loss, otherLoss].every(Number.isFinite) && bothFinite(output, otherOutput)
    if (!isAnswered) continue
    const change = largestDifference(opened, output, other, otherOutput)
    const isOtherLabel = labels?.(output, otherOutput) ?? false
    compared.push({ answer, change, otherLoss, otherOutput, isOtherLabel })
  }
  const largest = compared
    .toSorted((one, two) => two.change - one.change || one.answer.row - two.answer.row)
    .slice(0, limit)
  const shown = showRows(
    largest.map(({ answer }) => answer),
    opened,
    table,
  )
  const readOther = predictionReader(other)
  return {
    available: opened.available,
    count: opened.rows.length,
    unanswered: opened.rows.length - compared.length,
    meanChange:
      compared.length === 0 ? null : compared.reduce((sum, { change }) => sum + change, 0) / compared.length,
    labelsChanged: labels === null ? null : compared.filter(({ isOtherLabel }) => isOtherLabel).length,
    columns: shownColumns(table),
    rows: largest.map(({ change, otherLoss, otherOutput }, place) => ({
      ...shown[place],
      change,
      other: { loss: otherLoss, prediction: readOther(otherOutput) },
    })),
  }
}

interface Compared {
  answer: Ranked
  change: number
  otherLoss: number
  otherOutput: Float32Array
  isOtherLabel: boolean
}

/** Both models have as many outputs, so both compare the same rows. */
function openCompared(order: TableOrder): OpenedRows {
  const { target } = order.coding
  const outputs = target.type === 'oneHot' ? target.classes.length : 1
  return openRows(
    order,
    Math.max(1, Math.min(maximumComparedRows, Math.floor(maximumComparedNumbers / outputs))),
  )
}

async function readAnswers(opened: OpenedRows, predictor: Predictor, signal: AbortSignal): Promise<Ranked[]> {
  const answers: Ranked[] = []
  for await (const slice of answerRows(opened, predictor, signal))
    for (const each of slice) answers.push(each)
  return answers
}

const bothFinite = (one: Float32Array, other: Float32Array) =>
  one.every(Number.isFinite) && other.every(Number.isFinite)

type Reading = Pick<OtherAnswers, 'coding'>

/** In the unit of a number target. */
function largestDifference(
  { coding: { target } }: Reading,
  output: Float32Array,
  { coding: { target: otherTarget } }: Reading,
  otherOutput: Float32Array,
): number {
  let largest = 0
  for (let index = 0; index < output.length; index++) {
    const one = unscaleTarget(target, index, output[index])
    const other = unscaleTarget(otherTarget, index, otherOutput[index])
    largest = Math.max(largest, Math.abs(one - other))
  }
  return largest
}

/** Whether two outputs mean different classes; null without classes. */
function labelComparer(opened: OpenedRows, other: OtherAnswers) {
  const options = evaluatorOptions(opened)
  const reader = classReader(opened.coding.target, options)
  const { coding, network, loss, threshold } = other
  const otherOptions = { ...options, lastActivation: lastActivation(network), loss, threshold }
  const otherReader = classReader(coding.target, otherOptions)
  if (reader === null || otherReader === null) return null
  return (output: Float32Array, otherOutput: Float32Array) =>
    reader.predicted(output) !== otherReader.predicted(otherOutput)
}
