/** Diagnoses a running or ended training from what is stored of it. */
import type { GeneratedDataset } from '../contract/dataset.js'
import type { Diagnosis } from '../contract/diagnosis.js'
import type { Job } from '../contract/job.js'
import { isFinished } from '../contract/job-status.js'
import { unpackEpochs } from '../contract/packed-epochs.js'
import { Problem } from '../contract/problems.js'
import type { EpochStatistics } from '../contract/statistics.js'
import { builtIn } from '../datasets/built-ins.js'
import { diagnose } from './diagnosis/diagnose.js'
import type { DataFacts } from './diagnosis/training-record.js'
import type { GeneratedReader } from './generated-data.js'
import type { DatasetStore } from './ports/datasets.js'
import type { EpochStore } from './ports/epochs.js'
import type { JobStore } from './ports/jobs.js'
import type { ModelStore } from './ports/models.js'
import type { StatisticsStore } from './ports/statistics.js'

/** Epochs of a history that are read. The shape of a curve needs no more. */
export const diagnosedEpochs = 200

interface DiagnosisDependencies {
  jobs: Pick<JobStore, 'get'>
  epochs: Pick<EpochStore, 'readThinned'>
  models: Pick<ModelStore, 'getEvaluated'>
  statistics: StatisticsStore
  datasets: Pick<DatasetStore, 'get'>
  generated: Pick<GeneratedReader, 'describe'>
}

/** @throws Problem `not-found` */
export async function diagnoseJob(dependencies: DiagnosisDependencies, id: string): Promise<Diagnosis> {
  const { jobs, epochs, models, statistics } = dependencies
  const job = await jobs.get(id)
  if (job === null) throw new Problem('not-found', `There is no job ${id}.`)
  const { spec, modelId, status, error } = job
  const [history, data, validation, model, taken] = await Promise.all([
    epochs.readThinned(id, diagnosedEpochs).then(unpackEpochs),
    readFacts(dependencies, spec.dataset),
    spec.validationDataset === undefined ? null : readFacts(dependencies, spec.validationDataset),
    modelId === null ? null : models.getEvaluated(modelId),
    spec.watch === undefined ? [] : statistics.read(id),
  ])
  const from = firstWithPresentRate(job)
  const found = diagnose({
    spec,
    epochs: history.filter(({ epoch }) => epoch >= from),
    statistics: taken.filter(({ epoch }) => epoch >= from),
    plannedEpochs: job.epochs,
    hasEnded: isFinished(status),
    hasDiverged: error?.code === 'diverged',
    data,
    validation,
    evaluation: model?.evaluation ?? null,
  })
  return { object: 'diagnosis', jobId: id, epoch: history.at(-1)?.epoch ?? 0, findings: found }
}

/** @throws Problem `not-found` */
export async function readStatistics(
  { jobs, statistics }: Pick<DiagnosisDependencies, 'jobs' | 'statistics'>,
  id: string,
): Promise<EpochStatistics[]> {
  if ((await jobs.get(id)) === null) throw new Problem('not-found', `There is no job ${id}.`)
  return statistics.read(id)
}

/** Epochs with an earlier learning rate say nothing about the present one. */
function firstWithPresentRate({ changes }: Job): number {
  const last = changes.findLast(({ before, after }) => before.learningRate !== after.learningRate)
  return last?.fromEpoch ?? 1
}

async function readFacts(
  { datasets, generated }: Pick<DiagnosisDependencies, 'datasets' | 'generated'>,
  dataset: string | GeneratedDataset,
): Promise<DataFacts | null> {
  if (typeof dataset !== 'string') return { ...(await generated.describe(dataset)), warnings: [] }
  const table = builtIn(dataset)
  return table === undefined ? datasets.get(dataset) : { ...table, warnings: [] }
}
