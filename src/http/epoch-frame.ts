/**
 * Epochs as a binary message of the subprotocol `descent.epochs.v1`: little-endian, a uint32 that is the length of what
 * follows it, JSON padded by blanks, and then a column of float64 after the other, each of `count` numbers:
 *
 *   44 00 00 00  {"type":"epochs","jobId":"job_…","firstEpoch":1,"count":2000,"columns":["loss","seconds"]}␣  loss…  seconds…
 *
 * Columns begin at multiples of 8 bytes. One that is null throughout is left out; NaN is null, and an infinite loss is where
 * training diverged. Where the history was thinned, a first column `epoch` has the numbers of the epochs.
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
    ...metrics.map((name, place) => ({ name, ...columnOf(packed, count, place, metricsPerEpoch) })),
    { name: 'seconds', ...columnOf(seconds, count, 0, 1) },
  ].filter(({ isEmpty }) => !isEmpty)
  const names = columns.map(({ name }) => name)
  const header = JSON.stringify({
    type: 'epochs',
    jobId,
    firstEpoch: numberAt(epochs, 0),
    count,
    columns: names,
  })
  const begin = numberBytes * Math.ceil((lengthBytes + Buffer.byteLength(header)) / numberBytes)
  const frame = Buffer.allocUnsafe(begin + columns.length * count * numberBytes).fill(' ', 0, begin)
  frame.writeUInt32LE(begin - lengthBytes)
  frame.write(header, lengthBytes)
  for (const [index, { values }] of columns.entries()) {
    frame.set(new Uint8Array(values.buffer), begin + index * count * numberBytes)
  }
  return frame
}

/** Every `stride`-th number from `place` on. */
function columnOf(packed: Float64Array, count: number, place: number, stride: number) {
  const values = new Float64Array(count)
  let isEmpty = true
  for (let index = 0; index < count; index++) {
    const value = packed[index * stride + place]
    values[index] = value
    isEmpty &&= Number.isNaN(value)
  }
  return { values, isEmpty }
}
