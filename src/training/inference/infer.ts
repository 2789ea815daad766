/** Predicts for the tensors of the Open Inference Protocol. */
import type { InferenceRequest } from '../../contract/inference.js'
import type { Prediction } from '../../contract/model.js'
import { Problem } from '../../contract/problems.js'
import { type PredictDependencies, predict } from '../predict.js'
import { inSlices } from '../slices.js'
import { type OutputTensor, outputTensors, type RequestedOutput, requestedOutputs } from './output-tensors.js'
import { type BinaryData, readRequest } from './read-request.js'

/**
 * Returns the requested outputs, with one row per row of the inputs.
 * @throws Problem `not-found`; `invalid-request` if the tensors do not fit the model; `invalid-input` if any row is
 *   invalid, because the protocol has no errors of rows
 */
export async function infer(
  dependencies: PredictDependencies,
  modelId: string,
  request: InferenceRequest,
  binary: BinaryData | null,
): Promise<OutputTensor[]> {
  let outputs: RequestedOutput[] = []
  const { predictions, errors } = await predict(dependencies, modelId, async (model) => {
    outputs = requestedOutputs(model, request, binary?.isRaw === true)
    const rows = await inSlices(readRequest(model, request, binary), 'request')
    return { rows, requestPointer: nameRow }
  })
  if (errors !== undefined) throw refuse(errors)
  return inSlices(outputTensors(outputs, predictions.filter(isPrediction)), 'request')
}

const isPrediction = (prediction: Prediction | null): prediction is Prediction => prediction !== null

/** `/3` or `/3/1` as `row 3`: the rows of a request are in several tensors. */
const nameRow = (pointer: string) => `row ${pointer.split('/')[1] ?? ''}`

function refuse(errors: readonly { pointer: string; message: string }[]): Problem {
  const [first] = errors
  const more = errors.length > 1 ? ` (and ${errors.length - 1} more rows)` : ''
  return new Problem('invalid-input', `${first?.pointer}: ${first?.message}${more}`)
}
