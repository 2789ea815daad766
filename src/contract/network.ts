/**
 * The description of a network and its training: layers, losses, optimizers, schedules. Names follow Keras
 * and TensorFlow.js. Types, validation and OpenAPI derive from one schema each.
 */
import { z } from 'zod'

const positiveInteger = z.int().min(1)
const units = positiveInteger.max(1_000_000)
const layerUnits = units.describe('outputs of the layer')
const filters = units.describe('output channels')
const kernelSize = positiveInteger.describe('length of the kernel')
const strides = positiveInteger.default(1).describe('step of the kernel')
/** One number for both dimensions, or [height, width]. */
const oneOrTwo = z.union([
  positiveInteger,
  // Some JSON Schema tools require `items` for every array.
  z
    .tuple([positiveInteger, positiveInteger])
    .meta({ items: { type: 'integer', minimum: 1 }, minItems: 2, maxItems: 2 }),
])

const kernelSize2d = oneOrTwo.describe('size of the kernel: one number, or [height, width]')
const strides2d = oneOrTwo.default(1).describe('step of the kernel: one number, or [height, width]')

export const activationSchema = z.enum([
  'linear',
  'step',
  'sigmoid',
  'tanh',
  'relu',
  'leakyRelu',
  'elu',
  'gelu',
  'softplus',
  'softmax',
])
export type Activation = z.infer<typeof activationSchema>

interface ActivationDefinition {
  formula: string
  /** The range of its values. */
  least: number
  most: number
}

/** x Φ(x) has its minimum −0.16997 at x = −0.75179. */
const leastGelu = -0.17
const unbounded = { least: Number.NEGATIVE_INFINITY, most: Number.POSITIVE_INFINITY }
const boundedBelow = (least: number) => ({ least, most: Number.POSITIVE_INFINITY })

export const activations: Readonly<Record<Activation, ActivationDefinition>> = {
  linear: { formula: 'z', ...unbounded },
  step: { formula: '1 if z ≥ 0, else 0', least: 0, most: 1 },
  sigmoid: { formula: '1 / (1 + e^−z)', least: 0, most: 1 },
  tanh: { formula: 'tanh z', least: -1, most: 1 },
  relu: { formula: 'max(0, z)', ...boundedBelow(0) },
  leakyRelu: { formula: 'z if z > 0, else 0.01 z', ...unbounded },
  elu: { formula: 'z if z > 0, else e^z − 1', ...boundedBelow(-1) },
  gelu: { formula: 'z Φ(z), with the normal distribution function Φ', ...boundedBelow(leastGelu) },
  softplus: { formula: 'ln(1 + e^z)', ...boundedBelow(0) },
  softmax: { formula: 'e^z / Σ e^z over the outputs of a row', least: 0, most: 1 },
}

export const initializerSchema = z.enum([
  'glorotUniform',
  'glorotNormal',
  'heNormal',
  'heUniform',
  'normal',
  'uniform',
  'zeros',
])
export type Initializer = z.infer<typeof initializerSchema>

const padding = z
  .enum(['valid', 'same'])
  .default('valid')
  .describe('`valid`: no padding. `same`: zeros at the edges, so that a stride of 1 keeps the size')

/** Fields of every layer with weights. */
const weighted = {
  activation: activationSchema.default('linear').describe('function of each output'),
  useBias: z.boolean().default(true).describe('whether each output has a bias'),
  kernelInitializer: initializerSchema
    .optional()
    .describe(
      'distribution of the first weights. Default: `heNormal` for the relu family, else `glorotUniform`',
    ),
}

export const pooling1dSchema = z.strictObject({
  type: z.enum(['maxPooling1d', 'averagePooling1d']),
  poolSize: positiveInteger.default(2).describe('length of the window'),
  strides: positiveInteger.optional().describe('step of the window. Default: `poolSize`'),
})
export const pooling2dSchema = z.strictObject({
  type: z.enum(['maxPooling2d', 'averagePooling2d']),
  poolSize: oneOrTwo.default(2).describe('size of the window: one number, or [height, width]'),
  strides: oneOrTwo
    .optional()
    .describe('step of the window: one number, or [height, width]. Default: `poolSize`'),
})
export const globalAveragePoolingSchema = z.strictObject({
  type: z.enum(['globalAveragePooling1d', 'globalAveragePooling2d']),
})

export const layerSchema = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('dense'), units: layerUnits, ...weighted }),
  z.strictObject({
    type: z.literal('conv1d'),
    filters,
    kernelSize,
    strides,
    padding,
    ...weighted,
  }),
  z.strictObject({
    type: z.literal('conv2d'),
    filters,
    kernelSize: kernelSize2d,
    strides: strides2d,
    padding,
    ...weighted,
  }),
  z.strictObject({
    type: z.literal('locallyConnected1d'),
    filters,
    kernelSize,
    strides,
    ...weighted,
  }),
  z.strictObject({
    type: z.literal('locallyConnected2d'),
    filters,
    kernelSize: kernelSize2d,
    strides: strides2d,
    ...weighted,
  }),
  pooling1dSchema,
  pooling2dSchema,
  globalAveragePoolingSchema,
  z.strictObject({ type: z.literal('flatten') }),
  z.strictObject({
    type: z.literal('reshape'),
    targetShape: z
      .array(positiveInteger)
      .min(1)
      .max(3)
      .describe('shape of a row, with as many numbers as before'),
  }),
  z.strictObject({
    type: z.literal('dropout'),
    rate: z.number().min(0).lt(1).describe('share of the inputs set to zero in each step of the training'),
  }),
  z.strictObject({
    type: z.literal('batchNormalization'),
    momentum: z
      .number()
      .min(0)
      .max(1)
      .default(0.9)
      .describe('share that the running mean and variance keep in each step'),
    epsilon: z.number().positive().default(1e-5).describe('added to the variance'),
  }),
  z.strictObject({ type: z.literal('activation'), activation: activationSchema }),
])
export type Layer = z.infer<typeof layerSchema>
export type LayerType = Layer['type']

export const maximumLayers = 256

/**
 * Maximum floating-point operations of the prediction of one row. A thread predicts a row at a time, and other tenants wait
 * for it.
 */
export const maximumRowOperations = 1e11

export const networkSchema = z.strictObject({
  inputShape: z
    .array(positiveInteger)
    .min(1)
    .max(3)
    .optional()
    .describe(
      '`[features]`, `[channels, length]` or `[channels, height, width]`; inferred from the data when left out',
    ),
  layers: z.array(layerSchema).min(1).max(maximumLayers).describe('layers from the input to the output'),
})
export type Network = z.infer<typeof networkSchema>

/** The activation of the last layer, or linear. */
export function lastActivation({ layers }: Pick<Network, 'layers'>): Activation {
  const last = layers.at(-1)
  return last !== undefined && 'activation' in last ? last.activation : 'linear'
}

/** Whether the last output is the probability of the second of two classes. */
export function isTwoClassOutput(outputs: number, lastActivation: Activation | undefined): boolean {
  return (outputs === 1 && lastActivation === 'sigmoid') || (outputs === 2 && lastActivation === 'softmax')
}

export const lossSchema = z.enum([
  'squaredError',
  'meanSquaredError',
  'meanAbsoluteError',
  'huber',
  'binaryCrossentropy',
  'categoricalCrossentropy',
  'hinge',
  'perceptron',
])
export type Loss = z.infer<typeof lossSchema>

interface LossDefinition {
  /** Of one row with m outputs; a batch is the mean of its rows. */
  formula: string
  /** The targets it takes. A loss that takes all numbers is for regression. */
  targets: 'numbers' | 'probabilities' | 'zeroOrOne'
  /** The activation required of the last layer; null allows every activation except step. */
  activation: Activation | null
  /** The lowest single output that means the second class, or true. */
  positiveFrom: number
}

export const losses: Readonly<Record<Loss, LossDefinition>> = {
  squaredError: {
    formula: '½ Σ (ŷ − y)²',
    targets: 'numbers',
    activation: null,
    positiveFrom: 0.5,
  },
  meanSquaredError: {
    formula: '(1/m) Σ (ŷ − y)²',
    targets: 'numbers',
    activation: null,
    positiveFrom: 0.5,
  },
  meanAbsoluteError: {
    formula: '(1/m) Σ |ŷ − y|',
    targets: 'numbers',
    activation: null,
    positiveFrom: 0.5,
  },
  huber: {
    formula: '(1/m) Σ h(ŷ − y); h(d) = ½ d² if |d| ≤ 1, else |d| − ½',
    targets: 'numbers',
    activation: null,
    positiveFrom: 0.5,
  },
  binaryCrossentropy: {
    formula: '−(1/m) Σ (y ln ŷ + (1 − y) ln(1 − ŷ))',
    targets: 'probabilities',
    activation: 'sigmoid',
    positiveFrom: 0.5,
  },
  categoricalCrossentropy: {
    formula: '−Σ y ln ŷ',
    targets: 'probabilities',
    activation: 'softmax',
    positiveFrom: 0.5,
  },
  hinge: {
    formula: '(1/m) Σ max(0, 1 − t z), with t = −1 or 1 for the targets 0 and 1',
    targets: 'zeroOrOne',
    activation: 'linear',
    positiveFrom: 0,
  },
  perceptron: {
    formula: 'Σ (ŷ − y) z',
    targets: 'zeroOrOne',
    activation: 'step',
    positiveFrom: 0.5,
  },
}

const learningRate = (value: number) =>
  z.number().positive().default(value).describe('factor of the step, before the schedule')
const decayRate = (value: number, meaning: string) => z.number().min(0).lt(1).default(value).describe(meaning)
const epsilon = (value: number) => z.number().positive().default(value).describe('added to the divisor')
const adamRates = {
  beta1: decayRate(0.9, 'decay of the mean of the gradients'),
  beta2: decayRate(0.999, 'decay of the mean of their squares'),
  epsilon: epsilon(1e-8),
  biasCorrection: z
    .boolean()
    .default(true)
    .describe('whether the means are divided by 1 − βᵗ, which corrects the first steps'),
}
/** Added to the gradient as in PyTorch. adamw decouples the decay from the gradient. */
const weightDecay = z.number().min(0).default(0).describe('g ← g + weightDecay · θ')

export const optimizerSchema = z.discriminatedUnion('type', [
  z.strictObject({
    type: z.literal('sgd'),
    learningRate: learningRate(0.01),
    momentum: decayRate(0, 'share of the last step that is added to the next'),
    nesterov: z.boolean().default(false).describe('whether the gradient is taken after the momentum'),
    weightDecay,
  }),
  z.strictObject({
    type: z.literal('adam'),
    learningRate: learningRate(0.001),
    ...adamRates,
    weightDecay,
  }),
  z.strictObject({
    type: z.literal('adamw'),
    learningRate: learningRate(0.001),
    ...adamRates,
    weightDecay: z.number().min(0).default(0.01).describe('θ ← θ − learningRate · weightDecay · θ'),
  }),
  z.strictObject({
    type: z.literal('rmsprop'),
    learningRate: learningRate(0.001),
    rho: decayRate(0.9, 'decay of the mean of the squared gradients'),
    epsilon: epsilon(1e-8),
    weightDecay,
  }),
  z.strictObject({
    type: z.literal('adagrad'),
    learningRate: learningRate(0.01),
    epsilon: epsilon(1e-10),
    weightDecay,
  }),
])
export type Optimizer = z.infer<typeof optimizerSchema>

const warmupEpochs = z.int().min(0).default(0).describe('epochs of linear warm-up')

/** How the learning rate changes between epochs; each `factor` multiplies the optimizer's learning rate. */
export const scheduleSchema = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('constant'), warmupEpochs }),
  z.strictObject({
    type: z.literal('step'),
    stepEpochs: positiveInteger.describe('epochs between two drops of the learning rate'),
    factor: z.number().positive().max(1).default(0.1).describe('factor of the learning rate at each drop'),
    warmupEpochs,
  }),
  z.strictObject({
    type: z.literal('exponential'),
    factor: z.number().positive().max(1).describe('factor of the learning rate per epoch'),
    warmupEpochs,
  }),
  z.strictObject({
    type: z.literal('cosine'),
    finalFactor: z
      .number()
      .min(0)
      .max(1)
      .default(0)
      .describe('factor of the learning rate at the last epoch'),
    warmupEpochs,
  }),
])
export type Schedule = z.infer<typeof scheduleSchema>

export const maximumFolds = 20

export const earlyStoppingSchema = z.strictObject({
  monitor: z
    .enum(['loss', 'valLoss', 'accuracy', 'valAccuracy'])
    .default('valLoss')
    .describe('metric to watch: `loss`, `valLoss`, `accuracy` or `valAccuracy`'),
  patience: z.int().min(0).default(10).describe('epochs without improvement before training stops'),
  minDelta: z.number().min(0).default(0).describe('smallest change that counts as an improvement'),
  restoreBest: z.boolean().default(true).describe('whether the model gets the weights of the best epoch'),
  folds: z
    .int()
    .min(2)
    .max(maximumFolds)
    .optional()
    .describe(
      'number of cross-validation folds. One training per fold finds its best epoch, and the job trains on all rows ' +
        'for the median of these epochs. Validation rows are not allowed',
    ),
})
export type EarlyStopping = z.infer<typeof earlyStoppingSchema>

export const augmentationSchema = z
  .strictObject({
    flip: z
      .enum(['none', 'horizontal', 'vertical', 'both'])
      .default('none')
      .describe('mirrors half of the pictures: `horizontal` (left and right), `vertical`, `both` or `none`'),
    shift: z
      .number()
      .min(0)
      .max(0.5)
      .default(0)
      .describe('moves a picture by at most this share of its width and height'),
    rotate: z
      .number()
      .min(0)
      .max(180)
      .default(0)
      .describe('rotates a picture by at most so many degrees, in either direction'),
    noise: z
      .number()
      .min(0)
      .max(10)
      .default(0)
      .describe(
        'standard deviation of the normal noise on each input of the network, which is scaled by `scaling`',
      ),
  })
  .meta({ examples: [{ flip: 'horizontal', shift: 0.1, rotate: 10, noise: 0.05 }] })
export type Augmentation = z.infer<typeof augmentationSchema>

export const samplingSchema = z.enum(['shuffle', 'sequential', 'random'])

export const maximumEpochs = 10_000_000

/** The fields of a job that describe its training. With the data they are all that the engine needs. */
export const trainingFields = {
  network: networkSchema,
  loss: lossSchema,
  optimizer: optimizerSchema.default({
    type: 'adam',
    learningRate: 0.001,
    beta1: 0.9,
    beta2: 0.999,
    epsilon: 1e-8,
    biasCorrection: true,
    weightDecay: 0,
  }),
  epochs: positiveInteger.max(maximumEpochs),
  batchSize: z
    .union([positiveInteger, z.literal('full')])
    .optional()
    .describe('rows per step, or `full`. Default: min(32, rows)'),
  sampling: samplingSchema
    .default('shuffle')
    .describe('order of the rows in an epoch: `shuffle`, `sequential`, or `random` (drawn with replacement)'),
  seed: z
    .int()
    .min(0)
    .max(Number.MAX_SAFE_INTEGER)
    .optional()
    .describe(
      'seed of all random numbers. If it is left out, the service draws one and reports it in `spec`',
    ),
  earlyStopping: earlyStoppingSchema.optional(),
  l1: z
    .number()
    .min(0)
    .optional()
    .describe(
      'strength of the L1 regularization: g ← g + l1 · sign(θ) for all parameters, before clipping. Reported losses ' +
        'do not include this penalty. Default: 0',
    ),
  clipNorm: z.number().positive().optional().describe('maximum global norm of the gradient'),
  schedule: scheduleSchema.optional().describe('learning-rate schedule. Default: constant'),
  augmentation: augmentationSchema
    .optional()
    .describe(
      'for pictures: changes each training row at random before each epoch, as a function of seed, epoch and row. ' +
        'Validation, tests and predictions use the unchanged pictures',
    ),
}
export const trainingSchema = z.strictObject(trainingFields)
export type TrainingSpec = z.infer<typeof trainingSchema>
