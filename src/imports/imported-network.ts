/** What the readers of both formats give. */
import type { ExportedMetadata } from '../contract/model-import.js'
import type { Network } from '../contract/network.js'

/** Where the numbers of a tensor come from. */
export interface WeightSource {
  /** Of the file, for messages. */
  name: string
  /**
   * @param values as long as the tensor, row-major in the layout of the engine
   * @throws Problem `invalid-model` if a number is not finite
   */
  fill(values: Float32Array<ArrayBuffer>): void
}

export interface ImportedNetwork {
  network: Network
  /** By the names of the engine, with the lengths of its tensors. */
  sources: ReadonlyMap<string, WeightSource>
  /** What the file says beside the network: all of it, if this service wrote the file. */
  metadata: Omit<ExportedMetadata, 'network'>
}
