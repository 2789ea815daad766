/** Reads features and labels from arrays with the same number of rows. */
import { type ArrayFile, ArrayReader, rowWidth } from './array-file.js'
import type { Cells, Piece, ReadOptions, Source, SourceColumn } from './batch.js'
import { invalid, type ReadingLimits } from './limits.js'

const valuesInBatch = 512 * 1024

export interface Arrays {
  features: ArrayFile
  labels?: ArrayFile | undefined
  /** Whether the labels are classes, even if they are numbers. */
  labelsAreClasses: boolean
  warnings: string[]
}

/**
 * @throws DatasetError when the arrays have different numbers of rows, or a file has another size than its
 *   header says
 */
export async function* readArrays(
  arrays: Arrays,
  limits: ReadingLimits,
  { columns: readings = new Map() }: ReadOptions = {},
): AsyncGenerator<Piece> {
  const { features, labels, labelsAreClasses, warnings } = arrays
  if (labels !== undefined && labels.shape[0] !== features.shape[0]) {
    throw invalid(`${features.name} has ${features.shape[0]} rows, but ${labels.name} has ${labels.shape[0]}`)
  }
  const readers: ArrayReader[] = []
  try {
    const { order, warnings: layoutWarnings = [], ...layout } = detectLayout(features, limits)
    readers.push(await ArrayReader.open(features, limits, order))
    if (labels !== undefined) readers.push(await ArrayReader.open(labels, limits))
    const columns = columnNames('x', readers[0].width).map((name): SourceColumn => ({ name }))
    if (readers.length > 1) {
      for (const name of columnNames('label', readers[1].width)) {
        columns.push({
          name,
          suggestedRole: 'target',
          ...(labelsAreClasses && { suggestedType: 'category' as const }),
        })
      }
    }
    yield { type: 'source', source: { columns, ...layout, warnings: [...warnings, ...layoutWarnings] } }
    const { rows } = readers[0]
    const step = Math.max(1, Math.floor(valuesInBatch / columns.length))
    for (let first = 0; first < rows; first += step) {
      const count = Math.min(step, rows - first)
      const cells: Cells[][] = []
      let index = 0
      for (const reader of readers) {
        const own = columns.slice(index, index + reader.width)
        index += reader.width
        cells.push(
          await reader.read(
            first,
            count,
            own.map(({ name }) => readings.get(name) ?? 'infer'),
          ),
        )
      }
      yield { type: 'batch', batch: { rows: count, columns: cells.flat() } }
    }
  } finally {
    await Promise.all(readers.map((reader) => reader.close()))
  }
}

const columnNames = (name: string, width: number) =>
  width === 1 ? [name] : Array.from({ length: width }, (_, index) => `${name}${index + 1}`)

interface Layout extends Pick<Source, 'inputShape' | 'image'> {
  order?: number[]
  warnings?: string[]
}

const areChannels = (length: number) => length === 1 || length === 3

/**
 * Detects images: arrays of bytes with three dimensions, and arrays of bytes or floats with four dimensions
 * and one or three channels. The result has the channels first.
 */
function detectLayout(array: ArrayFile, { columns }: ReadingLimits): Layout {
  const [, ...shape] = array.shape
  if (shape.length < 2 || rowWidth(array) > columns) return {}
  const isByte = array.type === 'uint8'
  if (shape.length === 2) {
    const [height, width] = shape
    return isByte
      ? { inputShape: [1, height, width], image: { width, height, channels: 1 } }
      : { inputShape: shape }
  }
  if (shape.length !== 3 || !(isByte || array.type.startsWith('float'))) return { inputShape: shape }
  const [isFirst, isLast] = [areChannels(shape[0]), areChannels(shape[2])]
  if (isFirst && isLast && shape[0] * shape[2] > 1) {
    const layout = channelsFirst(shape)
    const message = `${array.name} has the shape [${array.shape.join(', ')}], which was read as channels × height × width; if the channels are last, transpose it: numpy.moveaxis(a, -1, 1).`
    return { ...layout, warnings: [message] }
  }
  if (isFirst) return channelsFirst(shape)
  return isLast ? channelsLast(shape) : { inputShape: shape }
}

function channelsFirst(shape: number[]): Layout {
  const [channels, height, width] = shape
  return { inputShape: shape, image: { width, height, channels: channels === 1 ? 1 : 3 } }
}

function channelsLast([height, width, channels]: number[]): Layout {
  const order: number[] = []
  for (let channel = 0; channel < channels; channel++)
    for (let pixel = 0; pixel < height * width; pixel++) order.push(pixel * channels + channel)
  const image = { width, height, channels: channels === 1 ? (1 as const) : (3 as const) }
  return { inputShape: [channels, height, width], image, order }
}
