/** Training and validation rows in shared memory. Threads attach by handle, without a copy per training. */
import type { DataLayout } from './kernels/backend.js'
import { type MemoryHandle, SharedMemory } from './memory.js'

export interface DatasetSize {
  readonly trainingRows: number
  readonly validationRows: number
  /** Numbers per row of x: the product of the network's input shape. */
  readonly features: number
  /** Target values per row of y. */
  readonly targetWidth: number
  /** Each row of y ends with its weight. */
  readonly weighted?: boolean
}

/** Numbers per row of y: the targets and, where rows are weighted, the weight. */
export function targetStride({
  targetWidth,
  weighted,
}: Pick<DatasetSize, 'targetWidth' | 'weighted'>): number {
  return weighted ? targetWidth + 1 : targetWidth
}

/** A reference for another thread; structured clone passes it without copying the memory. */
export interface DatasetHandle extends MemoryHandle {
  readonly size: DatasetSize
  readonly layout: DataLayout
}

type Floats = Float32Array<SharedArrayBuffer>

const floatBytes = 4
const lineBytes = 64

export class Dataset {
  /** [rows, features] and [rows, targetStride], row-major; filled by the caller of `allocate`. */
  readonly trainingX: Floats
  readonly trainingY: Floats
  readonly validationX: Floats
  readonly validationY: Floats

  private constructor(
    readonly memory: SharedMemory,
    readonly size: DatasetSize,
    readonly layout: DataLayout,
  ) {
    this.trainingX = memory.float32(layout.trainingX, size.trainingRows * size.features)
    this.trainingY = memory.float32(layout.trainingY, size.trainingRows * targetStride(size))
    this.validationX = memory.float32(layout.validationX, size.validationRows * size.features)
    this.validationY = memory.float32(layout.validationY, size.validationRows * targetStride(size))
  }

  /** Allocates a zero-filled dataset. @throws RangeError when the system cannot allocate the memory. */
  static allocate(size: DatasetSize): Dataset {
    const lengths = [
      size.trainingRows * size.features,
      size.trainingRows * targetStride(size),
      size.validationRows * size.features,
      size.validationRows * targetStride(size),
    ].map((floats) => Math.ceil((floats * floatBytes) / lineBytes) * lineBytes)
    const bytes = lengths.reduce((sum, length) => sum + length, 0)
    const memory = SharedMemory.create(bytes)
    const starts: number[] = []
    let next = memory.reserve(bytes)
    for (const length of lengths) {
      starts.push(next)
      next += length
    }
    const [trainingX = 0, trainingY = 0, validationX = 0, validationY = 0] = starts
    const { trainingRows, validationRows } = size
    const layout = { trainingRows, trainingX, trainingY, validationRows, validationX, validationY }
    return new Dataset(memory, size, layout)
  }

  /**
   * Copies flat, row-major x and y, split into the given training and validation rows.
   * @param weights one per row: its weight in the loss.
   */
  static from(
    x: ArrayLike<number>,
    y: ArrayLike<number>,
    rows: { training: Int32Array; validation: Int32Array },
    weights?: ArrayLike<number>,
  ): Dataset {
    const count = rows.training.length + rows.validation.length
    const features = x.length / count
    const targetWidth = y.length / count
    if (!Number.isInteger(features) || !Number.isInteger(targetWidth)) {
      throw new RangeError(`${x.length} inputs and ${y.length} targets do not divide into ${count} rows`)
    }
    const dataset = Dataset.allocate({
      trainingRows: rows.training.length,
      validationRows: rows.validation.length,
      features,
      targetWidth,
      ...(weights === undefined ? {} : { weighted: true }),
    })
    const inputs = { values: x, width: features }
    const targets = { values: y, width: targetWidth }
    const ys = weights === undefined ? [targets] : [targets, { values: weights, width: 1 }]
    copyRows([inputs], rows.training, dataset.trainingX)
    copyRows(ys, rows.training, dataset.trainingY)
    copyRows([inputs], rows.validation, dataset.validationX)
    copyRows(ys, rows.validation, dataset.validationY)
    return dataset
  }

  static attach(handle: DatasetHandle): Dataset {
    return new Dataset(SharedMemory.attach(handle), handle.size, handle.layout)
  }

  /** Bytes of the memory beyond the rows: what trainings on the dataset have added. */
  get spareBytes(): number {
    const { trainingX, trainingY, validationX, validationY } = this
    const rows = [trainingX, trainingY, validationX, validationY]
    return this.memory.bytes - rows.reduce((sum, { byteLength }) => sum + byteLength, 0)
  }

  share(): DatasetHandle {
    return { ...this.memory.handle(), size: this.size, layout: this.layout }
  }
}

interface Columns {
  readonly values: ArrayLike<number>
  readonly width: number
}

/** Concatenates the values of all columns, row by row. */
function copyRows(from: readonly Columns[], rows: Int32Array, to: Float32Array): void {
  let next = 0
  for (const row of rows) {
    for (const { values, width } of from) {
      for (let i = 0; i < width; i++) to[next++] = values[row * width + i] ?? 0
    }
  }
}
