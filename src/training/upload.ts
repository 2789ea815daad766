/** Receives, reads, prepares and stores an uploaded dataset, or refuses it and stores nothing. */
import type { Dataset } from '../contract/dataset.js'
import type { LikeColumn } from '../contract/preparation.js'
import { Problem } from '../contract/problems.js'
import { likeDataset, likeModel } from '../datasets/like.js'
import { DiskFull } from '../datasets/reading/reading-process.js'
import type { UploadReader, UploadToRead } from '../datasets/reading/upload-reader.js'
import { DatasetError } from '../datasets/table.js'
import { describeBuiltIn } from './built-in-datasets.js'
import { newId } from './new-id.js'
import type { DatasetStore } from './ports/datasets.js'
import type { ModelStore } from './ports/models.js'

export interface Upload extends UploadToRead {
  name: string | undefined
}

/** @throws Problem `invalid-dataset`, `dataset-too-large` or `insufficient-storage` */
export async function upload(
  datasets: Pick<DatasetStore, 'create'>,
  reader: UploadReader,
  { name, ...request }: Upload,
): Promise<Dataset> {
  try {
    return await reader.read(request, (pieces) =>
      datasets.create({
        id: newId('dataset'),
        name: name ?? null,
        origin: 'uploaded',
        scaling: 'standardize',
        pieces,
      }),
    )
  } catch (error) {
    throw asProblem(error)
  }
}

/** Turns an error of reading into a Problem. Returns other errors unchanged. */
export function asProblem(error: unknown): unknown {
  if (error instanceof DatasetError) return new Problem(error.code, error.message)
  if (error instanceof DiskFull) {
    return new Problem(
      'insufficient-storage',
      'There is no space on the disk for this upload. Nothing was stored.',
    )
  }
  return error
}

/**
 * The columns of the dataset or model that a file is read like.
 * @throws Problem `not-found`
 */
export async function likeColumns(
  stores: { datasets: Pick<DatasetStore, 'get'>; models: Pick<ModelStore, 'get'> },
  id: string,
): Promise<LikeColumn[]> {
  const dataset = describeBuiltIn(id) ?? (await stores.datasets.get(id))
  if (dataset !== null && dataset !== undefined) return likeDataset(dataset.columns)
  const model = await stores.models.get(id)
  if (model !== null) return likeModel(model.coding)
  throw new Problem('not-found', `There is no dataset or model ${id}, which the parameter like names.`)
}
