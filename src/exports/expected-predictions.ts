/** What the service predicts for rows that verify an exported file. */
import { lastActivation } from '../contract/network.js'
import { InputError } from '../datasets/input-error.js'
import { decoder } from '../datasets/prediction.js'
import { encodeRows, type InputRow } from '../datasets/raw-rows.js'
import type { RowPredictor } from '../engine/index.js'
import type { ExpectedPrediction, ExportableModel } from './exporter.js'

/** Omits rows that the service refuses. */
export function expectedPredictions(
  model: ExportableModel,
  predictor: RowPredictor,
  rows: readonly InputRow[],
): ExpectedPrediction[] {
  const { coding, network, loss, threshold } = model
  const decode = decoder(coding, { lastActivation: lastActivation(network), loss, threshold })
  const { inputs, rows: coded } = encodeRows(coding, rows)
  if (coded.length === 0) return []
  const outputs = predictor.predict(inputs)
  const [width, outputWidth] = [inputs.length / coded.length, outputs.length / coded.length]
  return coded.flatMap(({ row }, index) => {
    const networkOutput = outputs.slice(index * outputWidth, (index + 1) * outputWidth)
    try {
      const { output, label = null } = decode(networkOutput)
      const rowInputs = inputs.slice(index * width, (index + 1) * width)
      return [{ row: rows[row], inputs: rowInputs, networkOutput, output, label }]
    } catch (error) {
      if (error instanceof InputError) return []
      throw error
    }
  })
}
