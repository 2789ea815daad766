/**
 * Epochs as a binary message of the subprotocol `descent.epochs.v1`, little-endian: the length of the header as uint32,
 * the header as JSON padded with spaces, and columns of `count` float64 numbers each:
 *
 *   44 00 00 00  {"type":"epochs","jobId":"job_…","firstEpoch":1,"count":2000,"columns":["loss","seconds"]}␣  loss…  seconds…
 *
 * Columns start at multiples of 8 bytes. A column that is always null is omitted. NaN means null, and an infinite loss
 * means that the training diverged. A thinned history has a first column `epoch` with the numbers of the epochs.
 */
import { metricsPerEpoch, numberAt, type PackedEpochs } from '../contract/packed-epochs.js'

const metrics = ['loss', 'accuracy', 'valLoss', 'valAccuracy'] as const
const lengthBytes = 4
const numberBytes = 8

export function epochFrame(jobId: string, epochs: PackedEpochs): Buffer {
  const { numbers, metrics: packed, seconds } = epochs
  const count = seconds.length
  const columns = [
    { name: 'epoch', values: Float64Array.from(numbers ?? []), isEmpty: numbers === null },
    ...metrics.map((name, position) => ({ name, ...readColumn(packed, count, position, metricsPerEpoch) })),
    { name: 'seconds', ...readColumn(seconds, count, 0, 1) },
  ].filter(({ isEmpty }) => !isEmpty)
  const names = columns.map(({ name }) => name)
  const header = JSON.stringify({
    type: 'epochs',
    jobId,
    firstEpoch: numberAt(epochs, 0),
    count,
    columns: names,
  })
  const start = numberBytes * Math.ceil((lengthBytes + Buffer.byteLength(header)) / numberBytes)
  const frame = Buffer.allocUnsafe(start + columns.length * count * numberBytes).fill(' ', 0, start)
  frame.writeUInt32LE(start - lengthBytes)
  frame.write(header, lengthBytes)
  for (const [index, { values }] of columns.entries()) {
    frame.set(new Uint8Array(values.buffer), start + index * count * numberBytes)
  }
  return frame
}

/** Reads every `stride`-th number, starting at `place`. */
function readColumn(packed: Float64Array, count: number, position: number, stride: number) {
  const values = new Float64Array(count)
  let isEmpty = true
  for (let index = 0; index < count; index++) {
    const value = packed[index * stride + position]
    values[index] = value
    isEmpty &&= Number.isNaN(value)
  }
  return { values, isEmpty }
}
