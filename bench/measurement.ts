/** Times a workload on the engine: warm-up passes, then the median of several passes. */
import { compile, Dataset, elementCount, Predictor, train } from '../src/engine/index.js'
import { createData, type Workload, type WorkloadName, workloads } from './workloads.js'

export type MeasuredBackend = 'reference' | 'wasm' | 'native' | 'auto'

export interface Measurement {
  readonly workload: WorkloadName
  readonly backend: string
  /** Variant of the backend. */
  readonly detail: string | null
  readonly threads: number
  /** Share of the rows of the workload that a pass uses. */
  readonly share: number
  readonly metric: string
  /** Work per second of the median, the slowest and the fastest run. */
  readonly median: number
  readonly min: number
  readonly max: number
  readonly runs: number
}

const seed = 1
const warmUpMilliseconds = 100
/** More than any measurement takes. */
const manyEpochs = 10_000_000
const epochsPerSlice = 1000

/** Shares for the reference backend, so that a pass takes seconds. They are whole batches. */
const referenceShares: Partial<Record<WorkloadName, number>> = {
  W4: 0.04,
  W5: 0.0128,
  W6: 0.025,
  W7: 0.032,
  W8: 0.032,
}

interface Subject {
  readonly share: number
  readonly backend: string
  readonly detail: string | null
  /** Work units of one pass: steps, samples, calls or rows. */
  readonly work: number
  pass(): void
  dispose(): void
}

function trainingSubject(
  name: WorkloadName,
  workload: Workload & { type: 'training' },
  backend: MeasuredBackend,
  threads: number,
): Subject {
  const { x, y } = createData(name)
  const { classes, epochs, metric } = workload
  const share = backend === 'reference' ? (referenceShares[name] ?? 1) : 1
  const rows = Math.round(share * workload.rows)
  const inputShape = workload.network.inputShape ?? []
  const spec = { ...workload.spec, epochs: manyEpochs }
  const program = compile(spec, { inputShape, targetWidth: classes, trainingRows: rows, validationRows: 0 })
  const everyRow = Int32Array.from({ length: rows }, (_, row) => row)
  const features = elementCount(inputShape)
  const dataset = Dataset.from(x.subarray(0, rows * features), y.subarray(0, rows * classes), {
    training: everyRow,
    validation: new Int32Array(0),
  })
  const training = train(program, dataset, { backend, seed, threads })
  return {
    share,
    backend: training.backend,
    detail: training.backendDetail,
    work: metric === 'steps/s' ? epochs * program.stepsPerEpoch : epochs * rows,
    pass: () => {
      // Like a worker, does not keep the epochs of earlier slices alive.
      for (let left = epochs; left > 0; left -= epochsPerSlice) {
        const { state } = training.run({ maximumEpochs: Math.min(left, epochsPerSlice) })
        if (state === 'diverged') throw new Error(`${name} diverged`)
      }
    },
    dispose: () => training.dispose(),
  }
}

function predictionSubject(
  name: WorkloadName,
  workload: Workload & { type: 'prediction' },
  backend: MeasuredBackend,
  threads: number,
): Subject {
  const { x, y } = createData(name)
  const { rows, classes, calls, network } = workload
  const inputShape = network.inputShape ?? []
  const spec = {
    network,
    loss: 'categoricalCrossentropy',
    optimizer: { type: 'sgd', learningRate: 0.1, momentum: 0, nesterov: false, weightDecay: 0 },
    epochs: 1,
    sampling: 'sequential',
  } as const
  const program = compile(spec, { inputShape, targetWidth: classes, trainingRows: 1, validationRows: 0 })
  const dataset = Dataset.from(x.subarray(0, 784), y.subarray(0, classes), {
    training: Int32Array.of(0),
    validation: new Int32Array(0),
  })
  const training = train(program, dataset, { backend, seed })
  const predictor = new Predictor(program.network, training.weights(), {
    backend,
    batchSize: Math.min(rows, 256),
    threads,
  })
  return {
    share: 1,
    backend: predictor.backend,
    detail: predictor.backendDetail,
    work: calls * rows,
    pass: () => {
      for (let call = 0; call < calls; call++) predictor.predict(x)
    },
    dispose: () => training.dispose(),
  }
}

/** Passes of a workload that is prepared once. */
export class Bench {
  readonly #name: WorkloadName
  readonly #subject: Subject
  readonly #threads: number
  readonly #rates: number[] = []
  #longestPass = 0

  /** @param threads threads per step, if the backend has threads */
  constructor(name: WorkloadName, backend: MeasuredBackend, threads = 1) {
    const workload = workloads[name]
    this.#name = name
    this.#threads = threads
    this.#subject =
      workload.type === 'training'
        ? trainingSubject(name, workload, backend, threads)
        : predictionSubject(name, workload, backend, threads)
    this.warmUp()
  }

  /**
   * Runs unmeasured passes at the start, and after other processes have used the core. If a pass is longer than the
   * warm-up, one is enough.
   */
  warmUp(): void {
    if (this.#longestPass > warmUpMilliseconds) return
    const end = performance.now() + warmUpMilliseconds
    do this.#longestPass = Math.max(this.#longestPass, this.#time())
    while (performance.now() < end)
  }

  run(): void {
    this.#rates.push((1000 * this.#subject.work) / this.#time())
  }

  #time(): number {
    const begin = performance.now()
    this.#subject.pass()
    return performance.now() - begin
  }

  finish(): Measurement {
    this.#subject.dispose()
    const sorted = this.#rates.toSorted((a, b) => a - b)
    const round = (rate: number | undefined) => Math.round((rate ?? 0) * 100) / 100
    const { backend, detail, share } = this.#subject
    const { metric } = workloads[this.#name]
    const middle = sorted[sorted.length >> 1]
    return {
      workload: this.#name,
      backend,
      detail,
      threads: this.#threads,
      share,
      metric,
      median: round(middle),
      min: round(sorted[0]),
      max: round(sorted.at(-1)),
      runs: sorted.length,
    }
  }
}
