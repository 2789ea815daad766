/** Takes a dataset from outside: received, read, prepared and stored, or refused with nothing left behind. */
import type { Dataset } from '../contract/dataset.js'
import { Problem } from '../contract/problems.js'
import { DiskFull } from '../datasets/reading/reading-process.js'
import type { UploadReader, UploadToRead } from '../datasets/reading/upload-reader.js'
import { DatasetError } from '../datasets/table.js'
import { newId } from './new-id.js'
import type { DatasetStore } from './ports.js'

export interface Upload extends UploadToRead {
  name: string | undefined
}

/** Throws Problem `invalid-dataset`, `dataset-too-large` or `insufficient-storage`, saying what and where. */
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
    if (error instanceof DatasetError) throw new Problem(error.code, error.message)
    if (error instanceof DiskFull) {
      throw new Problem(
        'insufficient-storage',
        'There is no room on the disk for this upload; nothing of it was kept.',
      )
    }
    throw error
  }
}
