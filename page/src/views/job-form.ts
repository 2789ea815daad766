/** What the form for a new job holds, and the request it stands for. */
import type { Dataset, JobRequest, JobSpec, LayerRequest } from '../api/types.js'
import { activations, type HiddenLayer } from '../components/network-editor.js'

export type Task = 'classes' | 'yesNo' | 'numbers'
export const optimizerNames = ['adam', 'adamw', 'sgd', 'momentum', 'rmsprop', 'adagrad'] as const
export type OptimizerName = (typeof optimizerNames)[number]
export type Split = JobSpec['split']
export type Scaling = JobSpec['targetScaling']

export interface JobForm {
  name: string
  /** Who chooses network, loss, optimizer, epochs and stopping. */
  chosenBy: 'service' | 'reader'
  task: Task
  hidden: HiddenLayer[]
  /** Layers as JSON, where clicks are not enough; empty when the clicks count. */
  layers: string
  optimizer: OptimizerName
  learningRate: number
  epochs: number
  batchSize: string
  stopping: 'never' | 'patience' | 'folds'
  patience: number
  folds: number
  /** What the model is judged by while it trains; `service` only where the service chooses. */
  heldOut: 'service' | 'share' | 'dataset'
  validationSplit: number
  validationDataset: string
  /** `default` leaves the choice to the service, here and below. */
  split: 'default' | Split
  classWeight: 'none' | 'balanced'
  targetScaling: 'default' | Scaling
  seed: string
}

export const emptyForm: JobForm = {
  name: '',
  chosenBy: 'service',
  task: 'classes',
  hidden: [{ units: 100, activation: 'relu' }],
  layers: '',
  optimizer: 'adam',
  learningRate: 0.002,
  epochs: 300,
  batchSize: '32',
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
}

type Columned = Pick<Dataset, 'columns'>
export const targetColumns = ({ columns }: Columned) => columns.filter(({ role }) => role === 'target')
export const featureColumns = ({ columns }: Columned) => columns.filter(({ role }) => role === 'feature')

/** Whether the targets are trained as numbers, so that they may be scaled. */
export const hasNumberTargets = (dataset: Columned) =>
  targetColumns(dataset).every(({ type }) => type === 'number')

export const isImbalanced = ({ warnings, classes }: Pick<Dataset, 'warnings' | 'classes'>) =>
  classes !== null && warnings.some(({ code }) => code === 'imbalanced-target')

/** What the target can be asked for. */
export function tasksFor(dataset: Dataset): readonly (readonly [Task, string])[] {
  const [target] = targetColumns(dataset)
  if (dataset.classes !== null && target !== undefined)
    return [['classes', `classify: one of ${dataset.classes.length} classes`]]
  const isBit = targetColumns(dataset).every(({ min, max }) => min === 0 && max === 1)
  return isBit
    ? [
        ['yesNo', 'classify: yes or no (1 or 0)'],
        ['numbers', 'regress: a number'],
      ]
    : [['numbers', 'regress: a number']]
}

/** For other data: what was chosen about the columns before says nothing about them. */
export function formFor(dataset: Dataset, before: JobForm): JobForm {
  const [first] = tasksFor(dataset)
  return {
    ...before,
    task: first?.[0] ?? 'numbers',
    layers: '',
    heldOut: before.chosenBy === 'service' ? 'service' : 'share',
    validationSplit: dataset.rows < 20 ? 0 : emptyForm.validationSplit,
    validationDataset: '',
    batchSize: dataset.rows < 20 ? 'full' : '32',
    split: 'default',
    classWeight: 'none',
    targetScaling: 'default',
  }
}

/** The form with what the service chose, so that it can be changed. */
export function filledIn(form: JobForm, spec: JobSpec): JobForm {
  const { network, optimizer, epochs, batchSize, earlyStopping, validationSplit } = spec
  const hidden = network.layers.slice(0, -1).map(hiddenLayer)
  const isPlain = hidden.every((layer) => layer !== null)
  return {
    ...form,
    chosenBy: 'reader',
    hidden: isPlain ? hidden : form.hidden,
    layers: isPlain ? '' : JSON.stringify(network.layers, null, 2),
    optimizer: optimizerNames.find((name) => name === optimizer.type) ?? 'adam',
    learningRate: optimizer.learningRate,
    epochs,
    batchSize: String(batchSize),
    stopping:
      earlyStopping === undefined ? 'never' : earlyStopping.folds === undefined ? 'patience' : 'folds',
    patience: earlyStopping?.patience ?? form.patience,
    folds: earlyStopping?.folds ?? form.folds,
    heldOut: form.heldOut === 'dataset' ? 'dataset' : 'share',
    validationSplit,
  }
}

/** Null for a layer that the clicks cannot build. */
function hiddenLayer(layer: JobSpec['network']['layers'][number]): HiddenLayer | null {
  if (layer.type !== 'dense') return null
  const activation = activations.find((each) => each === layer.activation)
  return activation === undefined ? null : { units: layer.units, activation }
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

/** @throws SyntaxError when the layers that were typed are not JSON. */
export function requestFrom(form: JobForm, dataset: Dataset): JobRequest {
  return {
    ...(form.name.trim() === '' ? {} : { name: form.name.trim() }),
    dataset: dataset.id,
    ...(form.chosenBy === 'service' ? { network: 'auto' } : trainingFrom(form, dataset)),
    ...heldOutFrom(form),
    ...(form.split === 'default' ? {} : { split: form.split }),
    ...(form.classWeight === 'none' ? {} : { classWeight: form.classWeight }),
    ...(form.targetScaling === 'default' ? {} : { targetScaling: form.targetScaling }),
    ...(form.seed.trim() === '' ? {} : { seed: Number(form.seed) }),
  } as JobRequest
}

function trainingFrom(form: JobForm, dataset: Dataset): Partial<JobRequest> {
  const { learningRate, optimizer } = form
  const output = outputLayer(dataset, form.task)
  const typed: unknown = form.layers.trim() === '' ? null : JSON.parse(form.layers)
  const layers = [...form.hidden, output].map((layer) => ({ type: 'dense', ...layer }))
  // What was typed may be anything; the service says what is wrong with it.
  const network = (Array.isArray(typed) ? { layers: typed } : (typed ?? { layers })) as {
    layers: LayerRequest[]
  }
  return {
    network,
    loss: losses[output.activation],
    optimizer: (optimizer === 'momentum'
      ? { type: 'sgd', learningRate, momentum: 0.9 }
      : { type: optimizer, learningRate }) as JobRequest['optimizer'],
    epochs: form.epochs,
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

function heldOutFrom(form: JobForm): Pick<JobRequest, 'validationSplit' | 'validationDataset'> {
  const { heldOut, validationSplit, validationDataset, stopping, chosenBy } = form
  switch (heldOut) {
    case 'service':
      return {}
    case 'share':
      // Folds hold rows out themselves.
      return chosenBy === 'reader' && stopping === 'folds' ? {} : { validationSplit }
    case 'dataset':
      return validationDataset === '' ? {} : { validationDataset }
    default:
      return heldOut satisfies never
  }
}
