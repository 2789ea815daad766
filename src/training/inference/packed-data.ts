/**
 * The data of tensors in large bodies, which a thread has parsed. Numbers come from it as typed arrays, because the event
 * loop would copy a list element by element.
 */
import type { InferenceRequest } from '../../contract/inference.js'
import { checkCount, checkRows, flatten } from './tensor-data.js'

const numbersByStandIn = new WeakMap<readonly unknown[], Float64Array>()

/** The numbers that a list stands for, with NaN for null. */
export const packedNumbers = (data: readonly unknown[]): Float64Array | undefined =>
  numbersByStandIn.get(data)

/**
 * Runs in the thread: moves the numbers of each input without another type of elements out of the request, and flattens
 * other data.
 * @throws Problem `invalid-request` if the data does not fit the shape
 */
export function packData({ inputs }: InferenceRequest): Map<number, Float64Array> {
  const packed = new Map<number, Float64Array>()
  for (const [index, input] of inputs.entries()) {
    if (input.data === undefined) continue
    const flat = flattened(input.data)
    checkRows(input.shape[0] ?? 0)
    checkCount(
      input,
      flat.length,
      input.shape.reduce((product, side) => product * side, 1),
    )
    const isNumeric = flat.every((element) => element === null || typeof element === 'number')
    if (isNumeric)
      packed.set(
        index,
        Float64Array.from(flat, (element) => Number(element ?? Number.NaN)),
      )
    input.data = isNumeric ? [] : flat
  }
  return packed
}

/** Runs in the process: `packedNumbers` finds the numbers. */
export function unpackData({ inputs }: InferenceRequest, packed: ReadonlyMap<number, Float64Array>): void {
  for (const [index, numbers] of packed) {
    const { data } = inputs[index] ?? {}
    if (data !== undefined) numbersByStandIn.set(data, numbers)
  }
}

function flattened(data: readonly unknown[]): unknown[] {
  const steps = flatten(data, [])
  for (;;) {
    const step = steps.next()
    if (step.done === true) return step.value
  }
}
