/**
 * What the defaults reach on small public tables: `npm run bench -- tables [--table titanic.csv] [--splits 1,2]`. Three
 * quarters of a raw file are uploaded with no option but the target, a job without any option is trained, and every
 * row of the last quarter is predicted as it stands in the file. Beside it stand the figures of scikit-learn's networks
 * on the same rows (bench/tables/README.md). The exit code is 1 when a goal is missed.
 */
import { parseArgs } from 'node:util'
import { submit, watch } from '../examples/client.js'
import { type Dataset, datasetSchema } from '../src/contract/dataset.js'
import type { Job } from '../src/contract/job.js'
import { predictionsSchema } from '../src/contract/model.js'
import { withProcesses } from './processes.js'
import {
  baselines,
  type DividedTable,
  divide,
  type Figures,
  type Row,
  splits,
  type TableEntry,
  tables,
} from './table-files.js'

/** Distances from the goals, in the order in which they are printed. */
const goals = {
  accuracy: { below: 0.02, ofBaseline: 1 },
  auc: { below: 0.01, ofBaseline: 1 },
  r2: { below: 0, ofBaseline: 0.95 },
} as const
const leastUsed = 0.95

interface Run extends Figures {
  /** Shares of the held-out rows, and of the training rows with a target. */
  answered: number
  used: number
  seconds: number
}

export const main = (args: string[]) =>
  withProcesses(async ({ url }) => {
    const { values } = parseArgs({ args, options: { table: { type: 'string' }, splits: { type: 'string' } } })
    const chosen = values.splits?.split(',').map(Number) ?? splits
    console.log('| table | figure | Descent | scikit-learn | most frequent | answered | rows used | s | |')
    console.log('|---|---|---|---|---|---|---|---|---|')
    for (const entry of tables.filter(({ file }) => values.table === undefined || file === values.table)) {
      const runs: Run[] = []
      for (const split of chosen) runs.push(await runTable(url, entry, split))
      report(entry, chosen, runs)
    }
  })

async function runTable(url: string, entry: TableEntry, split: number): Promise<Run> {
  const divided = divide(entry, split)
  const begin = performance.now()
  const dataset = await upload(url, entry, divided.upload)
  const job = await train(url, dataset, split)
  const seconds = (performance.now() - begin) / 1_000
  const answers = await predict(url, job, divided.heldOut)
  const withTarget = (rows: readonly Row[]) => rows.filter((row) => !isMissing(row[entry.target]))
  const used = dataset.rows / withTarget(divided.trainingRows).length
  const figures =
    entry.task === 'classes' ? classFigures(entry, divided, answers) : numberFigures(entry, divided, answers)
  const answered = answers.filter((answer) => answer !== null).length / answers.length
  return { ...figures, answered, used, seconds }
}

const isMissing = (cell: Row[string] | undefined) => cell === undefined || cell === null || cell === ''

async function upload(url: string, { file, target }: TableEntry, content: Buffer): Promise<Dataset> {
  const form = new FormData()
  form.append('file', new Blob([new Uint8Array(content)]), file)
  const query = new URLSearchParams({ target: JSON.stringify([target]), name: file })
  const response = await fetch(`${url}/datasets?${query}`, { method: 'POST', body: form })
  if (!response.ok) throw new Error(`${file}: ${await response.text()}`)
  return datasetSchema.parse(await response.json())
}

async function train(url: string, dataset: Dataset, seed: number): Promise<Job> {
  for await (const message of watch(url, await submit(url, { dataset: dataset.id, seed }))) {
    if (message.type !== 'end') continue
    if (message.job.status === 'succeeded') return message.job
    throw new Error(`${dataset.name}: the job ${message.job.status}: ${message.job.error?.message}`)
  }
  throw new Error('the stream broke off before its end')
}

type Answer = NonNullable<ReturnType<typeof predictionsSchema.parse>['predictions'][number]> | null

/** Every column of a row is sent, the target too, as people send rows. */
async function predict(url: string, { modelId }: Job, rows: readonly Row[]): Promise<Answer[]> {
  const response = await fetch(`${url}/models/${modelId}/predict`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ inputs: rows }),
  })
  if (!response.ok) throw new Error(await response.text())
  return predictionsSchema.parse(await response.json()).predictions
}

/** A row without an answer is answered with the most frequent class of the training rows. */
function classFigures(
  { target }: TableEntry,
  { trainingRows, heldOut }: DividedTable,
  answers: Answer[],
): Figures {
  const fallback = mostFrequent(trainingRows.map((row) => String(row[target])))
  const truth = heldOut.map((row) => String(row[target]))
  const known = truth.map((_, row) => !isMissing(heldOut[row]?.[target]))
  const share = (isRight: (row: number) => boolean) =>
    truth.filter((_, row) => known[row] && isRight(row)).length / known.filter(Boolean).length
  const accuracy = share((row) => (answers[row]?.label ?? fallback) === truth[row])
  const frequent = share((row) => truth[row] === fallback)
  const classes = [...new Set(truth)].sort()
  if (classes.length !== 2) return { accuracy, mostFrequent: frequent }
  const scores = answers.map((answer) => answer?.probabilities?.[classes[1]] ?? 0.5)
  return {
    accuracy,
    mostFrequent: frequent,
    auc: areaUnderRoc(
      scores,
      truth.map((each) => each === classes[1]),
    ),
  }
}

function mostFrequent(values: readonly string[]): string {
  const counts = new Map<string, number>()
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1)
  return [...counts].reduce((best, each) => (each[1] > best[1] ? each : best))[0]
}

/** The share of pairs of a positive and a negative row in the right order, equal ones counting half (Hanley & McNeil 1982). */
function areaUnderRoc(scores: readonly number[], positive: readonly boolean[]): number {
  let right = 0
  let pairs = 0
  for (const [a, score] of scores.entries()) {
    if (!positive[a]) continue
    for (const [b, other] of scores.entries()) {
      if (positive[b]) continue
      pairs += 1
      right += score > other ? 1 : score === other ? 0.5 : 0
    }
  }
  return right / pairs
}

/** A row without an answer is answered with the mean of the training rows. */
function numberFigures(
  { target }: TableEntry,
  { trainingRows, heldOut }: DividedTable,
  answers: Answer[],
): Figures {
  const toNumbers = (rows: readonly Row[]) => rows.map((row) => Number(row[target]))
  const fallback = mean(toNumbers(trainingRows))
  const truth = toNumbers(heldOut)
  const center = mean(truth)
  const sum = (value: (row: number) => number) => truth.reduce((total, _, row) => total + value(row), 0)
  const errors = sum((row) => (truth[row] - (answers[row]?.output[0] ?? fallback)) ** 2)
  return { r2: 1 - errors / sum((row) => (truth[row] - center) ** 2) }
}

const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length

function report({ file }: TableEntry, chosen: readonly number[], runs: readonly Run[]): void {
  const references = chosen.map((split) => baselines[file]?.[split - 1] ?? {})
  const meanFigure = (from: readonly Figures[], name: keyof Figures) =>
    mean(from.map((each) => each[name] ?? Number.NaN))
  const [answered, used, seconds] = (['answered', 'used', 'seconds'] as const).map((name) =>
    mean(runs.map((run) => run[name])),
  )
  for (const [name, { below, ofBaseline }] of Object.entries(goals) as [
    keyof typeof goals,
    (typeof goals)[keyof typeof goals],
  ][]) {
    const ours = meanFigure(runs, name)
    if (Number.isNaN(ours)) continue
    const theirs = meanFigure(references, name)
    const frequent = name === 'accuracy' ? meanFigure(runs, 'mostFrequent') : Number.NaN
    const isReached =
      ours >= ofBaseline * theirs - below && !(ours < frequent) && answered === 1 && used >= leastUsed
    if (!isReached) process.exitCode = 1
    const cells = [ours, theirs, frequent, answered, used].map((value) =>
      Number.isNaN(value) ? '–' : value.toFixed(3),
    )
    console.log(
      `| ${file} | ${name} | ${cells.join(' | ')} | ${seconds.toFixed(1)} | ${isReached ? '' : 'short'} |`,
    )
  }
}
