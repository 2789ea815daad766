/** A spec with all defaults filled in by `compile`. */
import type { Layer, TrainingSpec } from '../contract/network.js'

export interface NetworkSpec {
  inputShape: number[]
  layers: Layer[]
}

/** A TrainingSpec with inputShape, batchSize and every layer's initializer and strides filled in. */
export interface ResolvedSpec extends Omit<TrainingSpec, 'network' | 'batchSize'> {
  network: NetworkSpec
  batchSize: number
}
