/** Follows a training to its end, and prints its result. */
import { short } from '../examples/chart.js'
import { type Descent, type Job, JobCancelledError, JobFailedError } from '../sdk/src/index.js'
import { note } from './cli.js'
import { exitCodes } from './errors.js'
import { trainingView } from './live-chart.js'

/**
 * Draws the epochs as they arrive. With `json`, prints each message of the stream as a line instead.
 * @throws JobFailedError or JobCancelledError
 */
export async function followJob(client: Descent, job: Job, json: boolean): Promise<void> {
  const interrupt = () => {
    note(
      `\nThe training goes on. \`descent watch ${job.id}\` shows it, \`descent jobs cancel ${job.id}\` ends it.`,
    )
    process.exit(exitCodes.interrupted)
  }
  process.once('SIGINT', interrupt)
  try {
    if (json) for await (const message of job.watch()) console.log(JSON.stringify(message))
    else await draw(job)
  } finally {
    process.removeListener('SIGINT', interrupt)
  }
  const { data } = job
  if (data.status === 'failed') throw new JobFailedError(data)
  if (data.status === 'cancelled') throw new JobCancelledError(data)
  if (!json) console.log(await result(client, data))
}

async function draw(job: Job): Promise<void> {
  const view = trainingView(process.stdout, job.data)
  for await (const message of job.watch()) {
    if (message.type === 'epochs') view.epochs(message.epochs)
    else if (message.type === 'job' || message.type === 'end') view.job(message.job)
  }
  view.end()
}

/** The rows of an evaluation. */
const rowNames = {
  validation: 'validation rows',
  training: 'training rows',
  folds: 'rows, each by a network trained without it,',
  given: 'rows',
} as const

async function result(client: Descent, { id, modelId, reusedFrom, metrics }: Job['data']): Promise<string> {
  const reused = reusedFrom === null ? [] : [`The result is that of the equal job ${reusedFrom}.`]
  if (modelId === null)
    return [...reused, `${id} succeeded with loss ${short(metrics.loss ?? Number.NaN)}.`].join('\n')
  const { evaluation } = await client.request('GET /models/{id}', { path: { id: modelId } })
  const right =
    evaluation?.type === 'classification'
      ? [`${evaluation.right} of ${evaluation.count} ${rowNames[evaluation.rows]} are classified correctly.`]
      : []
  return [...reused, ...right, `Model ${modelId}. Predict: descent predict ${modelId} rows.csv`].join('\n')
}
