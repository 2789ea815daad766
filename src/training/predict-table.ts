/** Predictions for a table of text: its columns come back, with what the model says beside them. */
import type { Coding } from '../contract/dataset.js'
import type { Prediction } from '../contract/model.js'
import { Problem } from '../contract/problems.js'
import { type CsvRows, csvText, readCsvRows } from '../datasets/reading/csv-rows.js'
import { DatasetError } from '../datasets/table.js'
import { targetNames } from '../datasets/target-coding.js'
import { type PredictDependencies, type Predictions, predict } from './predict.js'

/** Of one request; the same as of rows in JSON. */
const maximumRows = 10_000

/** Throws what `predict` throws, and Problem `invalid-input` of a text that is no table. */
export async function predictTable(
  dependencies: PredictDependencies,
  id: string,
  body: Buffer,
): Promise<{ predictions: Predictions; text: string }> {
  const table = readTable(body)
  const { names, rows } = table
  let columns: AnswerColumns = () => []
  const predictions = await predict(dependencies, id, ({ coding }) => {
    columns = (given) => answerColumns(coding, given)
    const named = rows.map((cells) => Object.fromEntries(names.map((name, place) => [name, cells[place]])))
    return { rows: named, place: (pointer) => pointer }
  })
  return { predictions, text: answeredText(table, columns, predictions) }
}

function readTable(body: Buffer): CsvRows {
  try {
    return readCsvRows(body, maximumRows)
  } catch (error) {
    if (error instanceof DatasetError) throw new Problem('invalid-input', error.message)
    throw error
  }
}

/** The columns as sent, then `prediction`, `probability …` of each class, and `warning` and `error` where there are any. */
function answeredText(
  { delimiter, names, rows }: CsvRows,
  columns: AnswerColumns,
  answer: Predictions,
): string {
  const { predictions, errors = [] } = answer
  const errorOf = new Map(errors.map(({ row, message }) => [row, message]))
  const hasWarnings = predictions.some((prediction) => prediction?.warnings !== undefined)
  const answers = columns(predictions)
  const header = [
    ...names,
    ...answers.map(({ name }) => name),
    ...(hasWarnings ? ['warning'] : []),
    ...(errors.length > 0 ? ['error'] : []),
  ]
  const lines = rows.map((cells, row) => {
    const prediction = predictions[row]
    return [
      ...cells,
      ...answers.map(({ text }) => (prediction === null ? '' : text(prediction))),
      ...(hasWarnings ? [prediction?.warnings?.join('; ') ?? ''] : []),
      ...(errors.length > 0 ? [errorOf.get(row) ?? ''] : []),
    ]
  })
  return csvText([header, ...lines], delimiter)
}

interface AnswerColumn {
  name: string
  text(prediction: Prediction): string
}

type AnswerColumns = (predictions: readonly (Prediction | null)[]) => AnswerColumn[]

function answerColumns({ target }: Coding, predictions: readonly (Prediction | null)[]): AnswerColumn[] {
  const first = predictions.find((prediction) => prediction !== null)
  const classes = Object.keys(first?.probabilities ?? {})
  const probabilities = classes.map((name): AnswerColumn => {
    return {
      name: `probability ${name}`,
      text: (prediction) => String(prediction.probabilities?.[name] ?? ''),
    }
  })
  switch (target.type) {
    case 'oneHot':
    case 'binary':
      return [{ name: 'prediction', text: ({ label = '' }) => label }, ...probabilities]
    case 'multiLabel':
      return [{ name: 'prediction', text: ({ labels = [] }) => labels.join(' ') }, ...probabilities]
    case 'number': {
      const names = targetNames(target)
      return names.map((name, place) => ({
        name: names.length === 1 ? 'prediction' : `prediction ${name}`,
        text: ({ output }) => String(output[place]),
      }))
    }
    default:
      return target satisfies never
  }
}
