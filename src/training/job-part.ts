/** Selects the training or validation rows of a job, to apply its model to them. */
import type { GeneratedDataset } from '../contract/dataset.js'
import { hasValidation, isDivided } from '../contract/folds.js'
import type { Job } from '../contract/job.js'
import type { JobPart } from '../contract/worst-rows.js'
import { builtIn } from '../datasets/built-ins.js'
import type { Table } from '../datasets/table.js'
import { wholeTable } from './evaluate.js'
import type { JobSplits } from './job-splits.js'
import type { DatasetStore } from './ports/datasets.js'

interface PartRows {
  dataset: string | GeneratedDataset
  /** Each use reads the table, because the thread takes its memory. */
  read(): Promise<Table | GeneratedDataset>
  /** Ascending indices; null for all. */
  rows: Int32Array | null
}

interface PartDependencies {
  datasets: Pick<DatasetStore, 'get' | 'rows'>
  splits: JobSplits
}

/** The validation rows, unless the job has none. */
export function comparedPart({ spec }: Pick<Job, 'spec'>): JobPart {
  return hasValidation(spec) ? 'validation' : 'training'
}

/** @param part of a job without validation rows, `training` or `test`. @throws Problem `not-found` if the dataset was deleted */
export async function selectPart(
  { datasets, splits }: PartDependencies,
  job: Job,
  part: JobPart | 'test',
): Promise<PartRows> {
  const { validationDataset } = job.spec
  const hasOwnRows = part === 'validation' && validationDataset !== undefined
  const dataset = hasOwnRows ? validationDataset : job.spec.dataset
  const read = async () =>
    typeof dataset === 'string' ? (builtIn(dataset) ?? (await wholeTable(datasets, dataset))) : dataset
  const isWhole = hasOwnRows || !isDivided(job.spec)
  return { dataset, read, rows: isWhole ? null : (await splits.of(job, datasets))[part] }
}
