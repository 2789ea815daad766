/** What the form for a new job holds, and the request it stands for. */
import type { Dataset, JobRequest, LayerRequest } from '../api/types.js'
import type { HiddenLayer } from '../parts/network-editor.js'

export type Task = 'classes' | 'yesNo' | 'numbers'
export type OptimizerName = 'adam' | 'adamw' | 'sgd' | 'momentum' | 'rmsprop' | 'adagrad'

export interface JobForm {
  name: string
  task: Task
  hidden: HiddenLayer[]
  /** Layers as JSON, where clicks are not enough; empty when the clicks count. */
  layers: string
  optimizer: OptimizerName
  learningRate: number
  epochs: number
  batchSize: string
  validationSplit: number
  seed: string
  stopEarly: boolean
}

export const emptyForm: JobForm = {
  name: '',
  task: 'classes',
  hidden: [{ units: 16, activation: 'relu' }],
  layers: '',
  optimizer: 'adam',
  learningRate: 0.01,
  epochs: 100,
  batchSize: '32',
  validationSplit: 0.2,
  seed: '',
  stopEarly: false,
}

export const targetsOf = ({ columns }: Dataset) => columns.filter(({ role }) => role === 'target')
export const featuresOf = ({ columns }: Dataset) => columns.filter(({ role }) => role === 'feature')

/** What the target can be asked for. */
export function tasksOf(dataset: Dataset): readonly (readonly [Task, string])[] {
  const [target] = targetsOf(dataset)
  if (dataset.classes !== null && target !== undefined)
    return [['classes', `classify: one of ${dataset.classes.length} classes`]]
  const isBit = targetsOf(dataset).every(({ min, max }) => min === 0 && max === 1)
  return isBit
    ? [
        ['yesNo', 'classify: yes or no (1 or 0)'],
        ['numbers', 'regress: a number'],
      ]
    : [['numbers', 'regress: a number']]
}

/** A beginning that fits the data. */
export function formFor(dataset: Dataset, before: JobForm): JobForm {
  const [first] = tasksOf(dataset)
  const few = dataset.rows < 20
  return {
    ...before,
    task: first?.[0] ?? 'numbers',
    validationSplit: few ? 0 : 0.2,
    batchSize: few ? 'full' : '32',
    epochs: few ? 500 : 100,
  }
}

export function outputOf(
  dataset: Dataset,
  task: Task,
): { units: number; activation: 'softmax' | 'sigmoid' | 'linear' } {
  switch (task) {
    case 'classes':
      return { units: dataset.classes?.length ?? 2, activation: 'softmax' }
    case 'yesNo':
      return { units: targetsOf(dataset).length, activation: 'sigmoid' }
    case 'numbers':
      return { units: targetsOf(dataset).length, activation: 'linear' }
    default:
      return task satisfies never
  }
}

export const losses = {
  classes: 'categoricalCrossentropy',
  yesNo: 'binaryCrossentropy',
  numbers: 'meanSquaredError',
} as const satisfies Record<Task, JobRequest['loss']>

/** @throws SyntaxError when the layers that were typed are not JSON. */
export function requestFrom(form: JobForm, dataset: Dataset): JobRequest {
  const { learningRate, optimizer } = form
  const typed: unknown = form.layers.trim() === '' ? null : JSON.parse(form.layers)
  const layers = [...form.hidden, outputOf(dataset, form.task)].map((layer) => ({ type: 'dense', ...layer }))
  // What was typed may be anything; the service says what is wrong with it.
  const network = (Array.isArray(typed) ? { layers: typed } : (typed ?? { layers })) as {
    layers: LayerRequest[]
  }
  return {
    ...(form.name.trim() === '' ? {} : { name: form.name.trim() }),
    dataset: dataset.id,
    network,
    loss: losses[form.task],
    optimizer: (optimizer === 'momentum'
      ? { type: 'sgd', learningRate, momentum: 0.9 }
      : { type: optimizer, learningRate }) as JobRequest['optimizer'],
    epochs: form.epochs,
    batchSize: form.batchSize.trim() === 'full' ? 'full' : Number(form.batchSize),
    validationSplit: form.validationSplit,
    ...(form.seed.trim() === '' ? {} : { seed: Number(form.seed) }),
    ...(form.stopEarly
      ? { earlyStopping: { monitor: form.validationSplit > 0 ? 'valLoss' : 'loss', patience: 10 } }
      : {}),
  } as JobRequest
}
