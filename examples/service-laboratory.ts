/** Trains demonstrations on a service. */
import { connect } from './client.js'
import { constructionRequest } from './lecture/boolean-function.js'
import { limitConcurrency } from './lecture/concurrency.js'
import type { Laboratory, Network } from './lecture/laboratory.js'
import { predictOutputs, train } from './training.js'

/** Trainings that wait or run at once, each with a stream. */
const concurrency = 24

export function serviceLaboratory(url: string): Laboratory {
  const network = (parameters: number, modelId: string | null): Network => ({
    parameters,
    predict: (inputs) =>
      modelId === null
        ? Promise.reject(new Error('a training that diverged has no model'))
        : predictOutputs(url, modelId, inputs),
  })
  const limited = limitConcurrency(concurrency)
  return {
    train: (job) =>
      limited(async () => {
        const { job: ended, modelId, epochs } = await train(url, { seed: 1, ...job })
        return { ...network(ended.parameters, modelId), epochs }
      }),
    async construct(inputs, trueRows) {
      const body = constructionRequest(inputs, trueRows)
      const model = await connect(url).request('POST /models', { body })
      return network(model.parameters, model.id)
    },
  }
}
