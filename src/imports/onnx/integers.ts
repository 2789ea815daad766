/** Computations of shapes, as exporters write them for a view of the batch size. */
import type { OnnxNode } from './node.js'
import type { Side } from './views.js'

/** Whole numbers that are known before any row. */
export interface Integers {
  kind: 'integers'
  values: readonly Side[]
  /** 0: one number, 1: a list. */
  rank: number
}

const maximumLength = 64

/** Null if the operator computes no shapes. @param axes constant axes of Squeeze and Unsqueeze are ignored: ranks are 0 or 1 */
export function computeIntegers(node: OnnxNode, operands: readonly Integers[]): Integers | null {
  const [first, second] = operands
  if (first === undefined) return null
  switch (node.operator) {
    case 'Identity':
    case 'Cast':
      return first
    case 'Unsqueeze':
      return first.rank === 0 ? { ...first, rank: 1 } : null
    case 'Squeeze':
      return first.rank === 1 && first.values.length === 1 ? { ...first, rank: 0 } : null
    case 'Concat': {
      const values = operands.flatMap(({ values: each }) => each)
      return values.length > maximumLength ? null : { kind: 'integers', values, rank: 1 }
    }
    case 'Gather': {
      if (second === undefined) return null
      const values = second.values.map((index) => first.values.at(Number(index)))
      return values.some((value) => value === undefined)
        ? null
        : { kind: 'integers', values: values.flatMap((value) => value ?? []), rank: second.rank }
    }
    default:
      return null
  }
}
