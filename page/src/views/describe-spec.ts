/** What the service chose for a job, and why, in words. */
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
      return `${layer.type} ${whole(layer.filters)} ${layer.activation}`
    default:
      return layer.type
  }
}

/** Layers from the first to the output: `100 relu → 3 softmax`. */
export const layersName = ({ layers }: JobSpec['network']) => layers.map(layerName).join(' → ')

/** One sentence about the network and its training, and one about the rows it is judged by. */
export function describeSpec(spec: JobSpec, dataset: Pick<Dataset, 'classes'>): string {
  const { network, optimizer, epochs, earlyStopping } = spec
  const target =
    dataset.classes === null ? 'a target of numbers' : plural(dataset.classes.length, 'class', 'classes')
  const rate = `${optimizer.type} with learning rate ${short(optimizer.learningRate)}`
  const end =
    earlyStopping === undefined
      ? `for ${plural(epochs, 'epoch')}`
      : `for at most ${plural(epochs, 'epoch')}, until ${whole(earlyStopping.patience)} of them bring no better result`
  return `The network ${layersName(network)} fits ${target}; ${rate} trains it ${end}. ${describeRows(spec)}`
}

function describeRows(spec: JobSpec): string {
  const { earlyStopping, validationSplit, validationDataset, split } = spec
  if (earlyStopping?.folds !== undefined) {
    return `The data are few, so no row is given up: ${earlyStopping.folds} folds choose the number of epochs, and the final network learns from all rows.`
  }
  if (validationDataset !== undefined) return 'The rows of the validation dataset judge it.'
  if (validationSplit === 0) return 'No row is held out, so its figures show what was learned only.'
  return `${short(100 * validationSplit)} % of the rows ${splitWords[split]} are held out to judge it; the weights of the best epoch are kept.`
}

const splitWords: Record<JobSpec['split'], string> = {
  stratified: '(of each class)',
  random: '(at random)',
  chronological: '(the last ones)',
}

/** By name, as the training will be. */
export function specFigures(spec: JobSpec): [string, string][] {
  const { network, loss, optimizer, epochs, earlyStopping, validationSplit, split, targetScaling } = spec
  const scale = scaleName(targetScaling)
  return [
    ['Layers', layersName(network)],
    ['Loss', scale === null ? loss : `${loss}, ${scale}`],
    ['Optimizer', `${optimizer.type} ${short(optimizer.learningRate)}`],
    ['Epochs', earlyStopping === undefined ? whole(epochs) : `at most ${whole(epochs)}`],
    ['Early stopping', earlyStopping === undefined ? 'none' : stoppingName(earlyStopping)],
    ['Held out', validationSplit === 0 ? heldOutName(spec) : `${short(100 * validationSplit)} %, ${split}`],
  ]
}

function stoppingName({ patience, folds }: NonNullable<JobSpec['earlyStopping']>): string {
  const rule = `patience ${whole(patience)}`
  return folds === undefined ? rule : `${rule}, ${folds} folds`
}

function heldOutName({ earlyStopping, validationDataset }: JobSpec): string {
  if (validationDataset !== undefined) return 'another dataset'
  return earlyStopping?.folds === undefined ? 'nothing' : 'by folds'
}
