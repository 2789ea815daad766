/** `descent train` and `descent watch`. */
import { existsSync, readFileSync } from 'node:fs'
import type { Descent, JobRequest } from '../../sdk/src/index.js'
import { type Cli, connect, isStandard, note, print } from '../cli.js'
import { UsageError } from '../errors.js'
import { followJob } from '../follow-job.js'
import { uploadFile } from '../upload-file.js'

export const addTrain = (cli: Cli) =>
  cli.command(
    'train [spec]',
    'Start a training and watch it',
    (command) =>
      command
        .positional('spec', { type: 'string', describe: 'File with a job as JSON; - reads standard input' })
        .option('dataset', { type: 'string', describe: 'File to upload, or id or name of a dataset' })
        .option('target', { type: 'string', describe: 'Target column of an uploaded file' })
        .option('name', { type: 'string', describe: 'Name of the job' })
        .option('epochs', { type: 'number', describe: 'Number of epochs' })
        .option('learning-rate', {
          type: 'number',
          describe: 'Learning rate of the optimizer, which is adam without a spec',
        })
        .option('detach', { alias: 'd', type: 'boolean', default: false, describe: 'Print the job and end' })
        .example('$0 train --dataset flowers.csv --target species', 'Upload a file and train on it')
        .example('$0 train xor.json --epochs 500', 'Train a spec with another number of epochs'),
    async (options) => {
      const client = connect(options)
      const request = await readRequest(client, options)
      const job = await client.jobs.create(request)
      if (options.detach) return print(options, job.data, () => job.id)
      if (!options.json) note(`Job ${job.id}`)
      await followJob(client, job, options.json)
    },
  )

export const addWatch = (cli: Cli) =>
  cli.command(
    'watch <job>',
    'Watch a training to its end',
    (command) => command.positional('job', { type: 'string', demandOption: true, describe: 'Id of the job' }),
    async (options) => {
      const client = connect(options)
      await followJob(client, await client.jobs.get(options.job), options.json)
    },
  )

interface TrainOptions {
  spec: string | undefined
  dataset: string | undefined
  target: string | undefined
  name: string | undefined
  epochs: number | undefined
  learningRate: number | undefined
}

async function readRequest(client: Descent, options: TrainOptions): Promise<JobRequest> {
  const { spec, dataset, target, name, epochs, learningRate } = options
  if (spec === undefined && dataset === undefined) {
    throw new UsageError('Name a file with a job, or a dataset: descent train --dataset flowers.csv')
  }
  const given: Partial<JobRequest> = spec === undefined ? {} : readJson(spec)
  const isFile = dataset !== undefined && existsSync(dataset)
  if (target !== undefined && !isFile) {
    throw new UsageError('--target names a column of a file: pass the file with --dataset.')
  }
  const uploaded = isFile ? (await uploadFile(client, dataset, { target })).id : dataset
  return {
    ...given,
    ...(uploaded === undefined ? {} : { dataset: uploaded }),
    ...(name === undefined ? {} : { name }),
    ...(epochs === undefined ? {} : { epochs }),
    ...(learningRate === undefined ? {} : { optimizer: { type: 'adam', ...given.optimizer, learningRate } }),
  } as JobRequest
}

/** @throws UsageError if the file is missing, or has no JSON object */
export function readJson(file: string): object {
  let text: string
  try {
    text = readFileSync(isStandard(file) ? 0 : file, 'utf8')
  } catch (error) {
    throw new UsageError(`${file} cannot be read: ${error instanceof Error ? error.message : error}`)
  }
  try {
    const value: unknown = JSON.parse(text)
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value
  } catch (error) {
    throw new UsageError(`${file} is no JSON: ${error instanceof Error ? error.message : error}`)
  }
  throw new UsageError(`${file} has no JSON object.`)
}
