/** Describes the choices of the service for a job. */
import type { Dataset, JobSpec } from '../api/types.js'
import { scaleName } from '../figures.js'
import { plural, short, whole } from '../format.js'

type Layer = JobSpec['network']['layers'][number]

function layerName(layer: Layer): string {
  switch (layer.type) {
    case 'dense':
      return `${whole(layer.units)} ${layer.activation}`
    case 'conv1d':
    case 'conv2d':
    case 'locallyConnected1d':
    case 'locallyConnected2d':
      return `${layer.type} ${whole(layer.filters)} ${layer.activation}`
    default:
      return layer.type
  }
}

/** The layers in order: `100 relu → 3 softmax`. */
const layersName = ({ layers }: JobSpec['network']) => layers.map(layerName).join(' → ')

/** Two sentences: the network with its training, and its validation. */
export function describeSpec(spec: JobSpec, dataset: Pick<Dataset, 'classes'>): string {
  const { network, optimizer, epochs, earlyStopping } = spec
  const target =
    dataset.classes === null ? 'a numeric target' : plural(dataset.classes.length, 'class', 'classes')
  const rate = `${optimizer.type} with learning rate ${short(optimizer.learningRate)}`
  const end =
    earlyStopping === undefined
      ? `for ${plural(epochs, 'epoch')}`
      : `for at most ${plural(epochs, 'epoch')}, until the result has not improved for ${plural(earlyStopping.patience, 'epoch')}`
  return `The network ${layersName(network)} fits ${target}. It is trained by ${rate} ${end}. ${describeRows(spec)}`
}

function describeRows(spec: JobSpec): string {
  const { earlyStopping, validationSplit, validationDataset, split } = spec
  if (earlyStopping?.folds !== undefined) {
    return `The dataset is small: cross-validation with ${earlyStopping.folds} folds chooses the number of epochs, and the final network is trained on all rows.`
  }
  if (validationDataset !== undefined) return 'The validation dataset evaluates it.'
  if (validationSplit === 0) return 'No rows are held out, so its metrics are those of the training rows.'
  return `${short(100 * validationSplit)} % of the rows ${splitTexts[split]} are held out for validation. The model has the weights of the best epoch.`
}

const splitTexts: Record<JobSpec['split'], string> = {
  stratified: '(stratified)',
  random: '(random)',
  chronological: '(the last rows)',
}

/** The settings of the training by name. */
export function specFigures(spec: JobSpec): [string, string][] {
  const { network, loss, optimizer, epochs, earlyStopping, validationSplit, split, targetScaling } = spec
  const scale = scaleName(targetScaling)
  return [
    ['Layers', layersName(network)],
    ['Loss', scale === null ? loss : `${loss}, ${scale}`],
    ['Optimizer', `${optimizer.type} ${short(optimizer.learningRate)}`],
    ['Epochs', earlyStopping === undefined ? whole(epochs) : `at most ${whole(epochs)}`],
    ['Early stopping', earlyStopping === undefined ? 'none' : stoppingName(earlyStopping)],
    [
      'Validation',
      validationSplit === 0 ? validationName(spec) : `${short(100 * validationSplit)} %, ${split}`,
    ],
  ]
}

function stoppingName({ patience, folds }: NonNullable<JobSpec['earlyStopping']>): string {
  const rule = `patience ${whole(patience)}`
  return folds === undefined ? rule : `${rule}, ${folds} folds`
}

function validationName({ earlyStopping, validationDataset }: JobSpec): string {
  if (validationDataset !== undefined) return 'another dataset'
  return earlyStopping?.folds === undefined ? 'none' : 'cross-validation'
}
