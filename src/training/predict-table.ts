/** Predicts for a CSV. Returns its columns and the predictions. */
import type { Coding } from '../contract/dataset.js'
import type { Prediction } from '../contract/model.js'
import { Problem, pointerTo } from '../contract/problems.js'
import { InputNames } from '../datasets/input-names.js'
import type { InputRow, RowList } from '../datasets/raw-rows.js'
import { type CsvRows, csvText, readCsvRows } from '../datasets/reading/csv-rows.js'
import { DatasetError } from '../datasets/table.js'
import { targetNames } from '../datasets/target-coding.js'
import { type PredictDependencies, type Predictions, predict } from './predict.js'

/** Maximum number of rows in a request, as in JSON. */
const maximumRows = 10_000

/**
 * Throws what `predict` throws.
 * @throws Problem `invalid-input` if the text is no table
 */
export async function predictTable(
  dependencies: PredictDependencies,
  id: string,
  body: Buffer,
): Promise<{ predictions: Predictions; text(): Generator<string> }> {
  const table = await readTable(body)
  let columns: AnswerColumns = () => []
  const predictions = await predict(dependencies, id, ({ coding }) => {
    columns = (given) => answerColumns(coding, given)
    return { rows: namedRows(table, coding), requestPointer: (pointer) => pointer }
  })
  return { predictions, text: () => answeredText(table, columns, predictions) }
}

async function readTable(body: Buffer): Promise<CsvRows> {
  try {
    return await readCsvRows(body, maximumRows)
  } catch (error) {
    if (error instanceof DatasetError) throw new Problem('invalid-input', error.message)
    throw error
  }
}

/**
 * The rows by column name, or the error of an invalid line. An unknown first column without a name is ignored, because
 * it often has row numbers.
 * @throws Problem `invalid-input` at an unknown column
 */
function namedRows({ columns, rows }: CsvRows, coding: Coding): RowList<InputRow | string> {
  const inputs = new InputNames(coding)
  const used = columns.flatMap(({ name, isNamed }, index) => {
    const found = inputs.find(name)
    if (found === undefined && (isNamed || index > 0)) {
      const message = inputs.unknown(name)
      throw new Problem('invalid-input', message, [{ pointer: pointerTo([name]), message }])
    }
    return found === undefined || found < 0 ? [] : [{ name, place: index }]
  })
  return {
    length: rows.length,
    at(row) {
      const { cells, error } = rows.at(row) ?? { cells: [] }
      return error ?? Object.fromEntries(used.map(({ name, place }) => [name, cells[place]]))
    },
  }
}

/**
 * Yields lines: the columns of the request, `prediction`, and `probability …` for each class. `warning` and `error`
 * follow if any row has one.
 */
function* answeredText(
  { delimiter, header, rows }: CsvRows,
  columns: AnswerColumns,
  { predictions, errors = [] }: Predictions,
): Generator<string> {
  const messages = new Map(errors.map(({ row, message }) => [row, message]))
  const hasWarnings = predictions.some((prediction) => prediction?.warnings !== undefined)
  const answers = columns(predictions)
  const names = [
    ...header,
    ...answers.map(({ name }) => name),
    ...(hasWarnings ? ['warning'] : []),
    ...(errors.length > 0 ? ['error'] : []),
  ]
  yield csvText([names], delimiter)
  for (const [row, prediction] of predictions.entries()) {
    const line = [
      ...(rows.at(row)?.cells ?? []),
      ...answers.map(({ text }) => (prediction === null ? '' : text(prediction))),
      ...(hasWarnings ? [prediction?.warnings?.join('; ') ?? ''] : []),
      ...(errors.length > 0 ? [messages.get(row) ?? ''] : []),
    ]
    yield csvText([line], delimiter)
  }
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
      return [{ name: 'prediction', text: ({ labels = [] }) => labels.join('; ') }, ...probabilities]
    case 'number': {
      const names = targetNames(target)
      return names.map((name, index) => ({
        name: names.length === 1 ? 'prediction' : `prediction ${name}`,
        text: ({ output }) => String(output[index]),
      }))
    }
    default:
      return target satisfies never
  }
}
