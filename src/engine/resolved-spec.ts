/** A spec with all defaults filled in by `compile`. */
import type { Initializer, Layer, TrainingSpec } from '../contract/network.js'

/** Layers with weights have an initializer. */
export type ResolvedLayer = Layer extends infer L
  ? L extends { kernelInitializer?: Initializer | undefined }
    ? Omit<L, 'kernelInitializer'> & { kernelInitializer: Initializer }
    : L
  : never

export interface NetworkSpec {
  inputShape: number[]
  layers: Layer[]
}

/** A TrainingSpec with inputShape, batchSize and every layer's initializer and strides filled in. */
export interface ResolvedSpec extends Omit<TrainingSpec, 'network' | 'batchSize'> {
  network: NetworkSpec
  batchSize: number
}
