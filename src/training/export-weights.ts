/** The weights of a model as a file of the safetensors format. */
import { createHash } from 'node:crypto'
import { Problem, unknownModel } from '../contract/problems.js'
import { importableMetadata } from '../exports/metadata.js'
import { safetensorsHeader } from '../exports/safetensors/file.js'
import { paced } from './bulk-work.js'
import type { AllModels, ModelStore } from './ports/models.js'

interface WeightFile {
  name: string
  /** Changes when the metadata or the weights change. */
  tag: string
  bytes: number
  /**
   * The file. First checks the stored weights against their hash, then reads them piece by piece. Ends early if the
   * model is deleted meanwhile.
   * @throws Problem `integrity` before the first byte
   */
  open(): Promise<AsyncIterable<Uint8Array>>
}

interface WeightSources {
  models: Pick<ModelStore, 'get' | 'tensors'>
  all: Pick<AllModels, 'weightChunks'>
  tenantId: string
}

/**
 * Describes the file. Its metadata has all that an import needs, as JSON: the network, its loss, the coding of inputs and
 * targets, and the threshold if there is one.
 * @throws Problem `not-found`
 */
export async function exportWeights(
  { models, all, tenantId }: WeightSources,
  reference: string,
): Promise<WeightFile> {
  const model = await models.get(reference)
  const tensors = model === null ? null : await models.tensors(model.id)
  if (model === null || tensors === null) throw unknownModel(reference)
  const { id, weightSha256, weightBytes } = model
  const header = safetensorsHeader(tensors, importableMetadata(model))
  /** The first piece. It is read now, so that small models arrive complete even if they are deleted meanwhile. */
  async function* content(first: Uint8Array | undefined) {
    yield header
    if (first === undefined) return
    yield first
    yield* paced(all.weightChunks(id, first.length), tenantId)
  }
  return {
    name: `${id}.safetensors`,
    tag: createHash('sha256').update(header).update(weightSha256).digest('hex'),
    bytes: header.length + weightBytes,
    async open() {
      const hash = createHash('sha256')
      let first: Uint8Array | undefined
      for await (const chunk of paced(all.weightChunks(id), tenantId)) {
        first ??= chunk
        hash.update(chunk)
      }
      if (hash.digest('hex') !== weightSha256) {
        if ((await models.get(id)) === null) throw unknownModel(id)
        throw new Problem('integrity', `The stored weights of model ${id} do not match their hash.`)
      }
      return content(first)
    },
  }
}
