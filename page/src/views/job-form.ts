/** The state of the form for a new job, and the request built from it. */
import type { Dataset, JobRequest, JobSpec, LayerRequest } from '../api/types.js'
import { fitsRows } from '../components/layer-kinds.js'
import { plural } from '../format.js'

type Task = 'classes' | 'yesNo' | 'numbers'
const optimizerNames = ['adam', 'adamw', 'sgd', 'momentum', 'rmsprop', 'adagrad'] as const
type OptimizerName = (typeof optimizerNames)[number]
export type Derived = NonNullable<JobRequest['derivedFeatures']>[number]
export type Split = JobSpec['split']
type Scaling = JobSpec['targetScaling']

type Augmentation = Required<NonNullable<JobRequest['augmentation']>>
const noAugmentation: Augmentation = { flip: 'none', shift: 0, rotate: 0, noise: 0 }

export interface JobForm {
  name: string
  /** Who chooses network, loss, optimizer, epochs and stopping. */
  chosenBy: 'service' | 'reader'
  task: Task
  /** The layers before the last one. */
  hidden: LayerRequest[]
  /** Layers as JSON. Replaces `hidden` unless empty. */
  layers: string
  optimizer: OptimizerName
  learningRate: number
  epochs: number
  batchSize: string
  /** Strength of the L1 regularization. */
  l1: number
  /** Strength of the L2 regularization, or of the decay of adamw. */
  weightDecay: number
  stopping: 'never' | 'patience' | 'folds'
  patience: number
  folds: number
  /** Source of the validation rows. `service` requires `chosenBy: 'service'`. */
  heldOut: 'service' | 'split' | 'dataset'
  validationSplit: number
  validationDataset: string
  /** `default` leaves the choice to the service, here and below. */
  split: 'default' | Split
  classWeight: 'none' | 'balanced'
  targetScaling: 'default' | Scaling
  seed: string
  /** Trainings with consecutive seeds. */
  repeats: number
  /** Parts for cross-validation; 1 for none. */
  parts: number
  /** Share of the rows kept apart for a test. */
  testSplit: number
  /** Of pictures. */
  augmentation: Augmentation
  /** Inputs that are computed from number columns. */
  derived: readonly Derived[]
  /** `diagnose` takes statistics of the layers. */
  watch: 'diagnose' | 'nothing'
}

export const emptyForm: JobForm = {
  name: '',
  chosenBy: 'service',
  task: 'classes',
  hidden: [{ type: 'dense', units: 100, activation: 'relu' }],
  layers: '',
  optimizer: 'adam',
  learningRate: 0.002,
  epochs: 300,
  batchSize: '32',
  l1: 0,
  weightDecay: 0,
  stopping: 'patience',
  patience: 20,
  folds: 5,
  heldOut: 'service',
  validationSplit: 0.15,
  validationDataset: '',
  split: 'default',
  classWeight: 'none',
  targetScaling: 'default',
  seed: '',
  repeats: 1,
  parts: 1,
  testSplit: 0,
  augmentation: noAugmentation,
  derived: [],
  watch: 'diagnose',
}

type WithColumns = Pick<Dataset, 'columns'>
export const targetColumns = ({ columns }: WithColumns) => columns.filter(({ role }) => role === 'target')
const featureColumns = ({ columns }: WithColumns) => columns.filter(({ role }) => role === 'feature')

/** Names of the columns that inputs can be computed from. Those of pictures are pixels. */
export const numberFeatures = (dataset: Pick<Dataset, 'columns' | 'image'>): string[] =>
  dataset.image === null
    ? featureColumns(dataset).flatMap(({ name, type }) => (type === 'number' ? [name] : []))
    : []

/** Weight decay that an optimizer has by default. */
export const usualDecay = (optimizer: OptimizerName): number => (optimizer === 'adamw' ? 0.01 : 0)

/** `4 features`, or the size of its pictures. */
export const featuresName = (dataset: Pick<Dataset, 'columns' | 'image'>) =>
  dataset.image === null
    ? plural(featureColumns(dataset).length, 'feature')
    : `${dataset.image.channels === 1 ? 'grey' : 'colour'} pictures of ${dataset.image.width} × ${dataset.image.height}`

/** Whether all targets are numeric, so that they can be scaled. */
export const hasNumberTargets = (dataset: WithColumns) =>
  targetColumns(dataset).every(({ type }) => type === 'number')

export const isImbalanced = ({ warnings, classes }: Pick<Dataset, 'warnings' | 'classes'>) =>
  classes !== null && warnings.some(({ code }) => code === 'imbalanced-target')

/** The tasks that suit the target. */
export function tasksFor(dataset: Dataset): readonly (readonly [Task, string])[] {
  const [target] = targetColumns(dataset)
  if (dataset.classes !== null && target !== undefined)
    return [['classes', `classification: ${dataset.classes.length} classes`]]
  const isBit = targetColumns(dataset).every(({ min, max }) => min === 0 && max === 1)
  return isBit
    ? [
        ['yesNo', 'classification: yes or no (1 or 0)'],
        ['numbers', 'regression: a number'],
      ]
    : [['numbers', 'regression: a number']]
}

/** Resets the choices that depend on the dataset. Layers for rows of another shape are left to the service. */
export function formFor(dataset: Dataset, before: JobForm): JobForm {
  const [first] = tasksFor(dataset)
  const chosenBy = fitsRows(before.hidden, dataset.inputShape.length) ? before.chosenBy : 'service'
  return {
    ...before,
    chosenBy,
    task: first?.[0] ?? 'numbers',
    layers: '',
    heldOut: chosenBy === 'service' ? 'service' : 'split',
    validationSplit: dataset.rows < 20 ? 0 : emptyForm.validationSplit,
    validationDataset: '',
    batchSize: dataset.rows < 20 ? 'full' : '32',
    split: 'default',
    classWeight: 'none',
    targetScaling: 'default',
    augmentation: dataset.image === null ? noAugmentation : before.augmentation,
    derived: [],
  }
}

/** Fills the form with the choices of the service, so that the reader can change them. */
export function filledIn(form: JobForm, spec: JobSpec): JobForm {
  const { network, optimizer, epochs, batchSize, earlyStopping, validationSplit } = spec
  const hidden = network.layers.slice(0, -1)
  const isEditable = fitsRows(hidden, network.inputShape?.length ?? 1)
  return {
    ...form,
    chosenBy: 'reader',
    hidden: isEditable ? hidden : form.hidden,
    layers: isEditable ? '' : JSON.stringify(network.layers, null, 2),
    optimizer: optimizerNames.find((name) => name === optimizer.type) ?? 'adam',
    learningRate: optimizer.learningRate,
    epochs,
    batchSize: String(batchSize),
    l1: spec.l1 ?? 0,
    weightDecay: optimizer.weightDecay,
    stopping:
      earlyStopping === undefined ? 'never' : earlyStopping.folds === undefined ? 'patience' : 'folds',
    patience: earlyStopping?.patience ?? form.patience,
    folds: earlyStopping?.folds ?? form.folds,
    heldOut: form.heldOut === 'dataset' ? 'dataset' : 'split',
    validationSplit,
  }
}

export function outputLayer(
  dataset: Dataset,
  task: Task,
): { units: number; activation: 'softmax' | 'sigmoid' | 'linear' } {
  switch (task) {
    case 'classes': {
      const classes = dataset.classes?.length ?? 2
      return classes === 2 ? { units: 1, activation: 'sigmoid' } : { units: classes, activation: 'softmax' }
    }
    case 'yesNo':
      return { units: targetColumns(dataset).length, activation: 'sigmoid' }
    case 'numbers':
      return { units: targetColumns(dataset).length, activation: 'linear' }
    default:
      return task satisfies never
  }
}

const losses = {
  softmax: 'categoricalCrossentropy',
  sigmoid: 'binaryCrossentropy',
  linear: 'meanSquaredError',
} as const satisfies Record<ReturnType<typeof outputLayer>['activation'], JobRequest['loss']>

/** @throws SyntaxError if the entered layers are not JSON. */
export function requestFrom(form: JobForm, dataset: Dataset): JobRequest {
  return {
    ...(form.name.trim() === '' ? {} : { name: form.name.trim() }),
    dataset: dataset.id,
    ...(form.chosenBy === 'service' ? { network: 'auto' } : trainingFrom(form, dataset)),
    ...validationFrom(form),
    ...(form.split === 'default' ? {} : { split: form.split }),
    ...(form.classWeight === 'none' ? {} : { classWeight: form.classWeight }),
    ...(form.targetScaling === 'default' ? {} : { targetScaling: form.targetScaling }),
    ...(form.seed.trim() === '' ? {} : { seed: Number(form.seed) }),
    ...(form.repeats === 1 ? {} : { repeats: form.repeats }),
    ...(form.parts === 1 ? {} : { folds: form.parts }),
    ...(form.testSplit === 0 ? {} : { testSplit: form.testSplit }),
    ...(isAugmented(form) ? { augmentation: form.augmentation } : {}),
    ...(form.derived.length === 0 ? {} : { derivedFeatures: [...form.derived] }),
    ...(form.watch === 'nothing' ? {} : { watch: form.watch }),
  } as JobRequest
}

const isAugmented = ({ augmentation: { flip, ...amounts } }: JobForm) =>
  flip !== 'none' || Object.values(amounts).some((amount) => amount !== 0)

function trainingFrom(form: JobForm, dataset: Dataset): Partial<JobRequest> {
  const { learningRate, optimizer, weightDecay } = form
  const rates = { learningRate, ...(weightDecay === usualDecay(optimizer) ? {} : { weightDecay }) }
  const output = outputLayer(dataset, form.task)
  const entered: unknown = form.layers.trim() === '' ? null : JSON.parse(form.layers)
  const layers = [...form.hidden, { type: 'dense', ...output }]
  // The service validates what was entered.
  const network = (Array.isArray(entered) ? { layers: entered } : (entered ?? { layers })) as {
    layers: LayerRequest[]
  }
  return {
    network,
    loss: losses[output.activation],
    optimizer: (optimizer === 'momentum'
      ? { type: 'sgd', ...rates, momentum: 0.9 }
      : { type: optimizer, ...rates }) as JobRequest['optimizer'],
    epochs: form.epochs,
    ...(form.l1 === 0 ? {} : { l1: form.l1 }),
    batchSize: form.batchSize.trim() === 'full' ? 'full' : Number(form.batchSize),
    ...stoppingFrom(form),
  }
}

function stoppingFrom(form: JobForm): Pick<JobRequest, 'earlyStopping'> {
  const { stopping, patience, folds, heldOut, validationSplit } = form
  switch (stopping) {
    case 'never':
      return {}
    case 'folds':
      return { earlyStopping: { monitor: 'valLoss', patience, folds } as JobRequest['earlyStopping'] }
    case 'patience': {
      const monitor = heldOut === 'dataset' || validationSplit > 0 ? 'valLoss' : 'loss'
      return { earlyStopping: { monitor, patience } as JobRequest['earlyStopping'] }
    }
    default:
      return stopping satisfies never
  }
}

function validationFrom(form: JobForm): Pick<JobRequest, 'validationSplit' | 'validationDataset'> {
  const { heldOut, validationSplit, validationDataset, stopping, chosenBy } = form
  switch (heldOut) {
    case 'service':
      return {}
    case 'split':
      // Cross-validation holds rows out itself.
      return chosenBy === 'reader' && stopping === 'folds' ? {} : { validationSplit }
    case 'dataset':
      return validationDataset === '' ? {} : { validationDataset }
    default:
      return heldOut satisfies never
  }
}
