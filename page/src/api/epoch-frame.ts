/** Epochs from a binary message of the stream (/asyncapi.json describes it). */
import type { Epoch } from './types.js'

export const epochsProtocol = 'descent.epochs.v1'

interface Header {
  firstEpoch: number
  count: number
  columns: string[]
}

const text = new TextDecoder()

export function readEpochFrame(frame: ArrayBuffer): Epoch[] {
  const begin = 4 + new DataView(frame).getUint32(0, true)
  const { firstEpoch, count, columns }: Header = JSON.parse(text.decode(new Uint8Array(frame, 4, begin - 4)))
  const valuesOf = (name: string) => {
    const place = columns.indexOf(name)
    return place === -1 ? null : new Float64Array(frame, begin + 8 * place * count, count)
  }
  const [loss, accuracy] = [valuesOf('loss'), valuesOf('accuracy')]
  const [valLoss, valAccuracy] = [valuesOf('valLoss'), valuesOf('valAccuracy')]
  const [seconds, numbers] = [valuesOf('seconds'), valuesOf('epoch')]
  return Array.from({ length: count }, (_, index) => ({
    epoch: numbers?.[index] ?? firstEpoch + index,
    loss: finiteAt(loss, index),
    accuracy: finiteAt(accuracy, index),
    valLoss: finiteAt(valLoss, index),
    valAccuracy: finiteAt(valAccuracy, index),
    seconds: finiteAt(seconds, index),
  }))
}

function finiteAt(values: Float64Array | null, index: number): number | null {
  const value = values?.[index]
  return value !== undefined && Number.isFinite(value) ? value : null
}
