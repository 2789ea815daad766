/** The hidden layers that "auto" proposes for pictures. */
import { type Layer, layerSchema } from '../contract/network.js'

/** Pictures with a shorter side have too few pixels to pool. One hidden layer then reads all of them. */
const shortestSide = 12
const firstFilters = 8
const kernelSize = 3
const rate = 0.25
const units = { dense: 100, convolutional: 64 }

/**
 * Convolutions with poolings between them until the shorter side has fewer than 12 pixels, and twice the filters at
 * half the size (Simonyan and Zisserman 2015, section 2.1). The dropout works against overfitting on few pictures.
 * @param shape [channels, height, width]
 */
export function pictureLayers(shape: readonly number[]): Layer[] {
  const [, height = 0, width = 0] = shape
  const convolutions: unknown[] = []
  for (
    let side = Math.min(height, width), filters = firstFilters;
    side >= shortestSide;
    side = Math.floor((side - kernelSize + 1) / 2), filters *= 2
  ) {
    convolutions.push({ type: 'conv2d', filters, kernelSize, activation: 'relu' }, { type: 'maxPooling2d' })
  }
  const flatten = { type: 'flatten' }
  const end =
    convolutions.length === 0
      ? [flatten, { type: 'dense', units: units.dense, activation: 'relu' }]
      : [
          flatten,
          { type: 'dropout', rate },
          { type: 'dense', units: units.convolutional, activation: 'relu' },
        ]
  return [...convolutions, ...end].map((layer) => layerSchema.parse(layer))
}
