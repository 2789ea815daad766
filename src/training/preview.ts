/** Describes a file as a dataset, with its first rows. Stores nothing. */
import { type DatasetPreview, findTarget, inputWidth } from '../contract/dataset.js'
import type { Prepared } from '../datasets/prepare.js'
import { readRows } from '../datasets/preview.js'
import type { UploadReader } from '../datasets/reading/upload-reader.js'
import { rowsAtOnce } from './dataset-rows.js'
import { asProblem, type Upload } from './upload.js'

const sampledRows = 20

/** Throws what `upload` throws. */
export async function previewUpload(
  reader: UploadReader,
  { name, ...request }: Upload,
): Promise<DatasetPreview> {
  try {
    return await reader.read(request, (pieces) => describe(name, pieces))
  } catch (error) {
    throw asProblem(error)
  }
}

async function describe(name: string | undefined, pieces: AsyncIterable<Prepared>): Promise<DatasetPreview> {
  const chunks: Uint8Array[] = []
  let sampled = 0
  for await (const piece of pieces) {
    if (piece.type === 'rows') {
      if (sampled < sampledRows) chunks.push(piece.bytes)
      sampled += piece.rows
      continue
    }
    const { dataset, examples } = piece
    const { inputShape, rows } = dataset
    const columns = dataset.columns.map(({ codes, ...column }) => column)
    return {
      ...dataset,
      object: 'preview',
      name: name ?? null,
      columns,
      ...findTarget(columns),
      inputShape: inputShape ?? [inputWidth(columns)],
      sample: readRows({ columns: dataset.columns, rows, chunks }, 0, rowsAtOnce(dataset, sampledRows)),
      examples,
    }
  }
  throw new Error('the rows of a preview ended without a description')
}
