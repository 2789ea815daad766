/** Features and labels from arrays of equally many rows. */
import { type ArrayFile, ArrayReader, widthOf } from './array-file.js'
import type { Piece, Source, SourceColumn } from './batch.js'
import { invalid, type ReadingLimits } from './limits.js'

const valuesInBatch = 512 * 1024

export interface Arrays {
  features: ArrayFile
  labels?: ArrayFile | undefined
  /** Whether the labels are classes, even if they are numbers. */
  labelsAreClasses: boolean
  warnings: string[]
}

/** @throws DatasetError when the arrays do not fit together, or a file is not as long as its header says */
export async function* readArrays(arrays: Arrays, limits: ReadingLimits): AsyncGenerator<Piece> {
  const { features, labels, labelsAreClasses, warnings } = arrays
  if (labels !== undefined && labels.shape[0] !== features.shape[0]) {
    throw invalid(`${features.name} has ${features.shape[0]} rows, but ${labels.name} has ${labels.shape[0]}`)
  }
  const readers: ArrayReader[] = []
  try {
    const { order, ...traits } = meaningOf(features, limits)
    readers.push(await ArrayReader.open(features, limits, order))
    if (labels !== undefined) readers.push(await ArrayReader.open(labels, limits))
    const columns = namesOf('x', readers[0].width).map((name): SourceColumn => ({ name }))
    if (readers.length > 1) {
      for (const name of namesOf('label', readers[1].width)) {
        columns.push({
          name,
          suggestedRole: 'target',
          ...(labelsAreClasses && { suggestedType: 'category' as const }),
        })
      }
    }
    yield { type: 'source', source: { columns, ...traits, warnings } }
    const { rows } = readers[0]
    const step = Math.max(1, Math.floor(valuesInBatch / columns.length))
    for (let first = 0; first < rows; first += step) {
      const count = Math.min(step, rows - first)
      const cells = await Promise.all(readers.map((reader) => reader.read(first, count)))
      yield { type: 'batch', batch: { rows: count, columns: cells.flat() } }
    }
  } finally {
    await Promise.all(readers.map((reader) => reader.close()))
  }
}

const namesOf = (name: string, width: number) =>
  width === 1 ? [name] : Array.from({ length: width }, (_, place) => `${name}${place + 1}`)

/** Bytes of three or four dimensions are pictures; their channels come first, wherever the file has them. */
function meaningOf(
  array: ArrayFile,
  { columns }: ReadingLimits,
): Pick<Source, 'inputShape' | 'image'> & { order?: number[] } {
  const [, ...shape] = array.shape
  if (shape.length < 2 || widthOf(array) > columns) return {}
  if (array.type === 'uint8' && shape.length === 2) {
    const [height, width] = shape
    return { inputShape: [1, height, width], image: { width, height, channels: 1 } }
  }
  if (array.type === 'uint8' && shape.length === 3) {
    if (shape[0] === 1 || shape[0] === 3) {
      const [channels, height, width] = shape
      return { inputShape: shape, image: { width, height, channels: channels === 1 ? 1 : 3 } }
    }
    if (shape[2] === 1 || shape[2] === 3) {
      const [height, width, channels] = shape
      const order: number[] = []
      for (let channel = 0; channel < channels; channel++)
        for (let pixel = 0; pixel < height * width; pixel++) order.push(pixel * channels + channel)
      return {
        inputShape: [channels, height, width],
        image: { width, height, channels: channels === 1 ? 1 : 3 },
        order,
      }
    }
  }
  return { inputShape: shape }
}
