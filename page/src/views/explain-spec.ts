/** The choices of the service for a job, each with its reason in one sentence. */
import type { Dataset, JobSpec } from '../api/types.js'
import { scaleName } from '../figures.js'
import { plural, short, whole } from '../format.js'

type Layer = JobSpec['network']['layers'][number]
type Facts = Pick<Dataset, 'classes' | 'image'>

interface Explanation {
  name: string
  value: string
  reason: string
}

export function explainSpec(spec: JobSpec, dataset: Facts): Explanation[] {
  return [
    { name: 'Layers', value: layersName(spec.network), reason: layersReason(spec, dataset) },
    { name: 'Loss', ...lossChoice(spec) },
    { name: 'Metrics', ...metrics(spec, dataset) },
    { name: 'Optimizer', ...optimizerChoice(spec.optimizer) },
    { name: 'Epochs', ...epochsChoice(spec) },
    { name: 'Validation', ...validationChoice(spec) },
    { name: 'Input scaling', ...scalingChoice(spec, dataset) },
  ]
}

/** The layers in order: `100 relu → 3 softmax`. */
const layersName = ({ layers }: JobSpec['network']) => layers.map(layerName).join(' → ')

function layerName(layer: Layer): string {
  switch (layer.type) {
    case 'dense':
      return `${whole(layer.units)} ${layer.activation}`
    case 'conv1d':
    case 'conv2d':
    case 'locallyConnected1d':
    case 'locallyConnected2d':
      return `${layer.type} ${whole(layer.filters)} ${layer.activation}`
    case 'dropout':
      return `dropout ${short(layer.rate)}`
    default:
      return layer.type
  }
}

function layersReason({ network: { layers } }: JobSpec, { classes, image }: Facts): string {
  const end = classes === null ? 'the last layer has an output per target' : endOfClasses(classes.length)
  if (layers.some(({ type }) => type === 'conv2d')) {
    return `Convolutions find edges and shapes anywhere in a picture, poolings shrink it, and ${end}.`
  }
  return image === null
    ? `One hidden layer fits most tables, and ${end}.`
    : `The pictures are so small that one hidden layer can read all pixels at once, and ${end}.`
}

const endOfClasses = (classes: number) =>
  classes === 2
    ? 'the last unit gives the probability of the second class'
    : 'the last layer has a unit per class'

function lossChoice({ loss, targetScaling }: JobSpec): Omit<Explanation, 'name'> {
  const scale = scaleName(targetScaling)
  const value = scale === null ? loss : `${loss}, ${scale}`
  switch (loss) {
    case 'categoricalCrossentropy':
    case 'binaryCrossentropy':
      return { value, reason: 'It is low when the true class gets a high probability.' }
    case 'meanSquaredError':
      return { value, reason: 'It is the usual loss of a regression, and weighs large errors most.' }
    default:
      return { value, reason: 'The request names it.' }
  }
}

/** The names of the field, as the evaluation of the model has them. */
function metrics({ loss }: JobSpec, { classes }: Facts): Omit<Explanation, 'name'> {
  if (classes !== null) {
    return {
      value: 'accuracy, recall, precision',
      reason: 'Accuracy is the share of right classes, and recall and precision say it for each class.',
    }
  }
  return loss === 'binaryCrossentropy'
    ? { value: 'accuracy', reason: 'Accuracy is the share of right answers.' }
    : {
        value: 'RMSE, MAE, R²',
        reason: 'RMSE and MAE are errors in the unit of the target, and R² is 1 for perfect predictions.',
      }
}

function optimizerChoice({
  type,
  learningRate,
  weightDecay,
}: JobSpec['optimizer']): Omit<Explanation, 'name'> {
  const decay = weightDecay > 0 ? ', and the weight decay keeps weights small' : ''
  const rate = `${type}, learning rate ${short(learningRate)}`
  return {
    value: weightDecay > 0 ? `${rate}, weight decay ${short(weightDecay)}` : rate,
    reason: `It adapts the step of each weight, so one learning rate suits most data${decay}.`,
  }
}

function epochsChoice({ epochs, earlyStopping }: JobSpec): Omit<Explanation, 'name'> {
  if (earlyStopping === undefined) {
    return { value: whole(epochs), reason: 'These epochs suffice to learn the few rows.' }
  }
  const patience = plural(earlyStopping.patience, 'epoch')
  return {
    value: `at most ${whole(epochs)}`,
    reason: `Training stops after ${patience} without improvement, and the model has the weights of the best epoch.`,
  }
}

function validationChoice(spec: JobSpec): Omit<Explanation, 'name'> {
  const { earlyStopping, validationSplit, validationDataset, split } = spec
  if (earlyStopping?.folds !== undefined) {
    return {
      value: `cross-validation, ${earlyStopping.folds} folds`,
      reason: 'The rows are few, so folds choose the number of epochs, and the model trains on all rows.',
    }
  }
  if (validationDataset !== undefined) {
    return { value: 'another dataset', reason: 'Its rows measure the model, and none of them is trained on.' }
  }
  if (validationSplit === 0) {
    return { value: 'none', reason: 'No rows are held out, so the metrics are those of the training rows.' }
  }
  return {
    value: `${short(100 * validationSplit)} %, ${split}`,
    reason: 'These rows are not trained on, so their metrics show how the model does on new rows.',
  }
}

function scalingChoice({ scaling }: JobSpec, { image }: Facts): Omit<Explanation, 'name'> {
  switch (scaling) {
    case 'standardize':
      return {
        value: 'standardize',
        reason:
          image === null
            ? 'Each number column gets mean 0 and standard deviation 1, so none outweighs the others.'
            : 'All pixels together get mean 0 and standard deviation 1, which training needs to start well.',
      }
    case 'minMax':
      return { value: 'min–max', reason: 'Each number column is mapped to 0 to 1.' }
    case 'none':
      return { value: 'none', reason: 'The values of this dataset are small already.' }
    default:
      return scaling satisfies never
  }
}
