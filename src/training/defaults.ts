/** Chooses what a request with `"network": "auto"` omits. The choice depends on the columns and the number of rows. */
import type { Column } from '../contract/dataset.js'
import type { JobRequest } from '../contract/job-request.js'
import {
  type Activation,
  earlyStoppingSchema,
  type Layer,
  type Loss,
  layerSchema,
  losses,
  lossSchema,
  type Network,
  type Optimizer,
  optimizerSchema,
  type TrainingSpec,
} from '../contract/network.js'
import { Problem } from '../contract/problems.js'
import { pictureLayers } from './picture-network.js'

/** A request with all fields set. */
export type ResolvedRequest = Omit<JobRequest, 'network' | 'earlyStopping'> &
  Pick<TrainingSpec, 'network' | 'loss' | 'optimizer' | 'epochs' | 'earlyStopping'> & {
    validationSplit: number
  }

export interface DataTraits {
  columns: readonly Column[]
  rows: number
  /** The shape of an input row. Pictures have several dimensions. */
  inputShape: readonly number[]
  /** Whether the rows are all that exist, such as those of a Boolean function. None is held out then. */
  isTruthTable: boolean
}

const hiddenUnits = 100
const learningRate = 0.002
/** At most `most`, and `ofRows` divided by the number of rows: the prior on the weights counts once per epoch. */
const weightDecay = { most: 0.01, ofRows: 3 }
const epochs = 300
const patience = 20
const heldOut = 0.15
/** With fewer rows, folds choose the number of epochs, and the final training uses all rows. */
const rowsToHoldOut = 500
const folds = 5
/** With fewer rows, no rows are held out. */
const fewestRows = 10

/**
 * Fills in what the request omits.
 * @param source the model in `from`. Its network and loss are used unless the request has its own
 * @throws Problem `invalid-request` if a field is missing that only `auto` chooses
 */
export function resolveRequest(
  request: JobRequest,
  data: DataTraits,
  source: { network: Network; loss: Loss } | null,
): ResolvedRequest {
  const { network, earlyStopping, validationSplit, ...rest } = request
  if (network !== 'auto') {
    const { loss, epochs } = request
    if (loss === undefined) {
      throw missing('loss', `one of ${lossSchema.options.map((name) => `"${name}"`).join(', ')}`)
    }
    if (epochs === undefined) throw missing('epochs', 'a whole number')
    const optimizer = request.optimizer ?? optimizerSchema.parse({ type: 'adam' })
    return {
      ...rest,
      ...given({ earlyStopping }),
      network,
      loss,
      epochs,
      optimizer,
      validationSplit: validationSplit ?? 0,
    }
  }
  const end = endFor(data.columns, request.loss ?? source?.loss)
  return {
    ...rest,
    network:
      source === null ? networkEndingWith(end, data) : replaceEnd(source.network, end, request.fromMismatch),
    loss: end.loss,
    epochs: request.epochs ?? epochs,
    optimizer: request.optimizer ?? optimizerFor(data),
    ...stoppingFor(request, data),
  }
}

/** A truth table is learned exactly. */
function optimizerFor({ rows, isTruthTable }: DataTraits): Optimizer {
  const decay = Math.min(weightDecay.most, weightDecay.ofRows / rows)
  const rounded = isTruthTable ? 0 : Number(decay.toPrecision(2))
  return optimizerSchema.parse({ type: 'adam', learningRate, weightDecay: rounded })
}

function missing(field: 'loss' | 'epochs', wanted: string): Problem {
  const message = `is missing: it must be ${wanted}, unless the network is "auto"`
  return new Problem('invalid-request', `/${field}: ${message}`, [{ pointer: `/${field}`, message }])
}

/** Omits absent fields, so that the stored spec has no empty ones. */
function given({ earlyStopping }: Pick<JobRequest, 'earlyStopping'>): Pick<ResolvedRequest, 'earlyStopping'> {
  return earlyStopping == null ? {} : { earlyStopping }
}

interface End {
  units: number
  activation: Activation
  loss: Loss
}

/** The last layer and the loss for the targets. A loss of the request stays, and the layer fits it. */
function endFor(columns: readonly Column[], loss?: Loss): End {
  const targets = columns.filter((column) => column.role === 'target')
  const [first] = targets
  const classes = targets.length === 1 ? first?.categories?.length : undefined
  if (loss !== undefined) return { ...endForLoss(targets, loss), loss }
  if (classes !== undefined) {
    return classes > 2
      ? { units: classes, activation: 'softmax', loss: 'categoricalCrossentropy' }
      : { units: 1, activation: 'sigmoid', loss: 'binaryCrossentropy' }
  }
  return targets.every(isYesOrNo)
    ? { units: targets.length, activation: 'sigmoid', loss: 'binaryCrossentropy' }
    : { units: targets.length, activation: 'linear', loss: 'meanSquaredError' }
}

function endForLoss(targets: readonly Column[], loss: Loss): Omit<End, 'loss'> {
  const [first] = targets
  const categories = targets.length === 1 ? first?.categories?.length : undefined
  const units = categories !== undefined && categories > 2 ? categories : targets.length
  const { activation } = losses[loss]
  if (activation === 'softmax') {
    const numbered = targets.length === 1 && first?.max !== undefined ? Math.floor(first.max) + 1 : 0
    return { units: Math.max(2, categories ?? (numbered || targets.length)), activation }
  }
  if (activation !== null) return { units, activation }
  if (categories !== undefined) return { units, activation: categories > 2 ? 'softmax' : 'sigmoid' }
  return { units, activation: targets.every(isYesOrNo) ? 'sigmoid' : 'linear' }
}

/** Whether a column has two classes: a boolean, or a number that is 0 or 1 in every row. */
function isYesOrNo({ type, min, max, integers }: Column): boolean {
  return type === 'boolean' || (type === 'number' && integers === true && min === 0 && max === 1)
}

function dense(units: number, activation: Activation): Layer {
  return layerSchema.parse({ type: 'dense', units, activation })
}

function networkEndingWith({ units, activation }: End, { inputShape }: DataTraits): Network {
  return { layers: [...hiddenLayers(inputShape), dense(units, activation)] }
}

function hiddenLayers(inputShape: readonly number[]): Layer[] {
  if (inputShape.length === 3) return pictureLayers(inputShape)
  const flat: Layer[] = inputShape.length > 1 ? [{ type: 'flatten' }] : []
  return [...flat, dense(hiddenUnits, 'relu')]
}

/** The network of the model. With a `fromMismatch` other than `refuse`, its inputs and outputs follow the columns. */
function replaceEnd(
  { inputShape, layers }: Network,
  { units, activation }: End,
  mismatch: JobRequest['fromMismatch'],
): Network {
  if (mismatch === 'refuse') return { layers, ...(inputShape === undefined ? {} : { inputShape }) }
  const last = layers.at(-1)
  const end = last?.type === 'dense' ? { ...last, units, activation } : last
  const whole = end === undefined ? layers : [...layers.slice(0, -1), end]
  return inputShape === undefined || inputShape.length < 2 ? { layers: whole } : { layers: whole, inputShape }
}

/** Early stopping and the rows that it watches. */
function stoppingFor(
  request: JobRequest,
  data: DataTraits,
): Pick<ResolvedRequest, 'earlyStopping' | 'validationSplit'> {
  const { earlyStopping, validationDataset, validationSplit, split } = request
  const chosen = validationSplit ?? 0
  if (earlyStopping === null) return { validationSplit: chosen }
  const rule = earlyStopping ?? earlyStoppingSchema.parse({ patience })
  const hasRows = chosen > 0 || validationDataset !== undefined
  // The rule monitors the training rows, or has folds, so no rows need to be held out.
  const isWhole = earlyStopping !== undefined && (rule.folds !== undefined || !rule.monitor.startsWith('val'))
  if (hasRows || isWhole) return { earlyStopping: rule, validationSplit: chosen }
  const nothingToHoldOut = data.isTruthTable || data.rows < fewestRows
  if (nothingToHoldOut) return { ...given({ earlyStopping }), validationSplit: chosen }
  const count = foldsFor(data)
  // The fold that a training validates on must not choose its number of epochs.
  const hasFolds = request.validationFold !== undefined || request.folds !== undefined
  const isSmall = data.rows < rowsToHoldOut || hasFolds
  const canFold = isSmall && split !== 'chronological' && count >= 2
  if (canFold) return { earlyStopping: { ...rule, folds: count }, validationSplit: 0 }
  // Without rows held out, there is nothing to monitor.
  if (validationSplit === 0) return { ...given({ earlyStopping }), validationSplit: 0 }
  return { earlyStopping: rule, validationSplit: heldOut }
}

/** The number of folds, so that each has a row of every class. 0 if a class has a single row. */
function foldsFor({ columns }: DataTraits): number {
  const targets = columns.filter((column) => column.role === 'target')
  const rowsOfClasses = targets.length === 1 ? (targets[0]?.counts ?? []) : []
  const count = Math.min(folds, ...rowsOfClasses.filter((rows) => rows > 0))
  return count < 2 ? 0 : count
}
