/** The input shape of a network. */
import { inputWidth } from '../contract/dataset.js'
import type { JobRequest } from '../contract/job-request.js'
import { elementCount, SpecError } from '../engine/index.js'
import type { DataDescription } from './data-description.js'

type InputFields = Pick<JobRequest, 'sampleWeight' | 'derivedFeatures'>

/** The default input shape of a network. */
export function shapeOfRow({ columns, inputShape }: DataDescription, request: InputFields): number[] {
  const { sampleWeight, derivedFeatures = [] } = request
  if (sampleWeight === undefined && derivedFeatures.length === 0) return inputShape
  return [inputWidth(columns, sampleWeight) + derivedFeatures.length]
}

/** @throws SpecError if the size of the shape is not that of a row, or the shape is not that of the picture */
export function checkInputShape(
  wanted: number[],
  data: DataDescription,
  { sampleWeight, derivedFeatures = [] }: InputFields,
): void {
  const features = inputWidth(data.columns, sampleWeight)
  if (features === 0) {
    throw new SpecError('/dataset', 'no column is left to learn from: every feature is ignored')
  }
  const size = elementCount(wanted)
  const pointer = '/network/inputShape'
  const derived = derivedFeatures.length
  if (size !== features + derived) {
    const and = derived === 0 ? '' : ` and ${derived} derived ${derived === 1 ? 'feature' : 'features'}`
    const message = `inputShape [${wanted.join(', ')}] has ${size} values, but a row of the dataset has ${features}${and}`
    throw new SpecError(pointer, message)
  }
  const own = data.inputShape
  // A row of numbers may have any shape.
  if (wanted.length === 1 || own.length === 1 || isSame(wanted, own)) return
  const [channels, ...plane] = own
  // A grey picture may omit its channel, and a signal is a picture with one line.
  if (channels === 1 && isSame(wanted, plane)) return
  if (own.length === 2 && wanted.length === 3) return
  const order = own.length === 3 ? 'the pictures are' : 'the rows are'
  const message = `inputShape [${wanted.join(', ')}] does not match the order of the data: ${order} [${own.join(', ')}], channels first; omit inputShape`
  throw new SpecError(pointer, message)
}

const isSame = (a: readonly number[], b: readonly number[]) => a.join() === b.join()
