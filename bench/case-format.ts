/** The format of the PyTorch fixtures: a spec with data and initial weights, and its results. */
import { z } from 'zod'
import { trainingSchema } from '../src/contract/network.js'
import {
  type BackendName,
  compile,
  type DataShape,
  Dataset,
  Predictor,
  readEpochs,
  train,
  type Weights,
} from '../src/engine/index.js'

/** A number or arrays of them to any depth. */
export type Nested = number | Nested[]
const nestedSchema: z.ZodType<Nested> = z.lazy(() => z.union([z.number(), z.array(nestedSchema)]))
const tensorsSchema = z.record(z.string(), nestedSchema)

const caseSchema = z.object({
  name: z.string(),
  spec: trainingSchema,
  x: z.array(nestedSchema),
  y: z.array(nestedSchema),
  /** The weight of each row in the loss. */
  sampleWeight: z.array(z.number()).optional(),
  initialWeights: tensorsSchema,
})
type Case = z.infer<typeof caseSchema>

const statistic = z.number().nullable()
const statisticsSchema = z.object({
  layer: z.int(),
  weightNorm: statistic,
  gradientNorm: statistic,
  updateNorm: statistic,
  deadUnits: statistic,
  saturated: statistic,
})

const resultSchema = z.object({
  epochLosses: z.array(z.number()),
  firstBatchGradient: tensorsSchema,
  finalWeights: tensorsSchema,
  finalState: tensorsSchema,
  predictionsOfFirst8Rows: nestedSchema,
  /** By epoch. */
  statistics: z.array(z.object({ layers: z.array(statisticsSchema), largestLogit: z.number().nullable() })),
})
type CaseResult = z.infer<typeof resultSchema>

/** @throws ZodError if the text is not a case. */
export function parseCase(text: string): Case {
  return caseSchema.parse(JSON.parse(text))
}

/** A case with the results expected of it. */
export function parseFixture(text: string): { fixture: Case; expected: CaseResult } {
  return { fixture: parseCase(text), expected: resultSchema.parse(JSON.parse(text)) }
}

export function flat(value: Nested): number[] {
  return typeof value === 'number' ? [value] : value.flatMap(flat)
}

function measureShape(value: Nested): number[] {
  return typeof value === 'number' ? [] : [value.length, ...measureShape(value[0] ?? 0)]
}

function nest(values: ArrayLike<number>, shape: readonly number[]): Nested {
  const [count, ...rest] = shape
  if (count === undefined) return values[0] ?? 0
  const size = values.length / count
  return Array.from({ length: count }, (_, i) =>
    nest(Array.prototype.slice.call(values, i * size, (i + 1) * size), rest),
  )
}

function isState(name: string): boolean {
  return name.endsWith('.runningMean') || name.endsWith('.runningVar')
}

function nested(weights: Weights, wanted: (name: string) => boolean): Record<string, Nested> {
  return Object.fromEntries(
    [...weights]
      .filter(([name]) => wanted(name))
      .map(([name, { shape, values }]) => [name, nest(values, shape)]),
  )
}

function weightsFrom(tensors: Record<string, Nested>): Weights {
  return new Map(
    Object.entries(tensors).map(([name, value]) => [
      name,
      { shape: measureShape(value), values: Float32Array.from(flat(value)) },
    ]),
  )
}

/** The rows of a case in memory, all for training, and what the compiler needs to know of them. */
export function loadCase({ spec, x, y, sampleWeight, initialWeights }: Case): {
  data: DataShape
  dataset: Dataset
  initialWeights: Weights
} {
  const flatX = flat(x)
  const flatY = flat(y)
  const rows = x.length
  const features = flatX.length / rows
  const targetWidth = flatY.length / rows
  const data = {
    inputShape: spec.network.inputShape ?? [features],
    targetWidth,
    trainingRows: rows,
    validationRows: 0,
    weighted: sampleWeight !== undefined,
  }
  const order = { training: Int32Array.from({ length: rows }, (_, i) => i), validation: new Int32Array(0) }
  const dataset = Dataset.from(flatX, flatY, order, sampleWeight)
  return { data, dataset, initialWeights: weightsFrom(initialWeights) }
}

/** Trains on all rows, and predicts the first eight. */
export function runCase(
  fixture: Case,
  backend: BackendName | 'auto',
): Omit<CaseResult, 'statistics'> & { name: string; backend: BackendName } {
  const { name, spec, x } = fixture
  const { data, dataset, initialWeights } = loadCase(fixture)
  const options = { backend, seed: spec.seed ?? 0, initialWeights }

  const { clipNorm: _, ...unclipped } = spec
  const once = compile({ ...unclipped, epochs: 1 }, data)
  const oneStep = train(once, dataset, options)
  oneStep.run({ maximumSteps: 1 })
  const firstBatchGradient = nested(oneStep.gradients(), () => true)
  oneStep.dispose()

  const program = compile(spec, data)
  const training = train(program, dataset, options)
  const { epochs } = training.run()
  const weights = training.weights()
  const predictor = new Predictor(program.network, weights, { backend })
  const first = predictor.predict(Float32Array.from(flat(x.slice(0, 8))))
  const rows = x.length
  return {
    name,
    backend: training.backend,
    epochLosses: readEpochs(epochs).map((epoch) => epoch.loss ?? Number.NaN),
    firstBatchGradient,
    finalWeights: nested(weights, (tensor) => !isState(tensor)),
    finalState: nested(weights, isState),
    predictionsOfFirst8Rows: nest(first, [Math.min(8, rows), first.length / Math.min(8, rows)]),
  }
}
