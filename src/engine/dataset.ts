/** The numbers a network learns from, in shared memory: given to threads by handle, never copied per training. */
import type { DataPlace } from './kernels/kernels.js'
import { type MemoryHandle, SharedMemory } from './memory.js'

export interface DatasetSize {
  readonly trainingRows: number
  readonly validationRows: number
  /** Numbers per row of x: the product of the network's input shape. */
  readonly features: number
  /** Numbers per row of y. */
  readonly targetWidth: number
}

/** A dataset as another thread takes it: structured clone passes it, the memory stays one. */
export interface DatasetHandle extends MemoryHandle {
  readonly size: DatasetSize
  readonly place: DataPlace
}

type Floats = Float32Array<SharedArrayBuffer>

const floatBytes = 4
const lineBytes = 64

export class Dataset {
  /** [rows, features] and [rows, targetWidth], row-major; filled by whoever allocated. */
  readonly trainingX: Floats
  readonly trainingY: Floats
  readonly validationX: Floats
  readonly validationY: Floats

  private constructor(
    readonly memory: SharedMemory,
    readonly size: DatasetSize,
    readonly place: DataPlace,
  ) {
    this.trainingX = memory.float32(place.trainingX, size.trainingRows * size.features)
    this.trainingY = memory.float32(place.trainingY, size.trainingRows * size.targetWidth)
    this.validationX = memory.float32(place.validationX, size.validationRows * size.features)
    this.validationY = memory.float32(place.validationY, size.validationRows * size.targetWidth)
  }

  /** Room for a dataset, zeros at first. @throws RangeError when the system cannot give so much. */
  static allocate(size: DatasetSize): Dataset {
    const lengths = [
      size.trainingRows * size.features,
      size.trainingRows * size.targetWidth,
      size.validationRows * size.features,
      size.validationRows * size.targetWidth,
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
    const place = { trainingRows, trainingX, trainingY, validationRows, validationX, validationY }
    return new Dataset(memory, size, place)
  }

  /** Copies rows of plain numbers in: x and y flat, row-major; which rows train and which validate as given. */
  static from(
    x: ArrayLike<number>,
    y: ArrayLike<number>,
    rows: { training: Int32Array; validation: Int32Array },
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
    })
    copyRows(x, features, rows.training, dataset.trainingX)
    copyRows(y, targetWidth, rows.training, dataset.trainingY)
    copyRows(x, features, rows.validation, dataset.validationX)
    copyRows(y, targetWidth, rows.validation, dataset.validationY)
    return dataset
  }

  static attach(handle: DatasetHandle): Dataset {
    return new Dataset(SharedMemory.attach(handle), handle.size, handle.place)
  }

  share(): DatasetHandle {
    return { ...this.memory.handle(), size: this.size, place: this.place }
  }
}

function copyRows(from: ArrayLike<number>, width: number, rows: Int32Array, to: Float32Array): void {
  let next = 0
  for (const row of rows) for (let i = 0; i < width; i++) to[next++] = from[row * width + i] ?? 0
}
