/** Floating-point operations of a list, from the catalogue's costs. */
import { type AttributeValue, declarationOf, type Operation } from './operations.js'

/** @returns flops for each row of a batch, and those that a list costs however many rows there are. */
export function flopsOf(operations: readonly Operation[]): { perRow: number; fixed: number } {
  let perRow = 0
  let fixed = 0
  for (const operation of operations) {
    const attributes: Readonly<Record<string, AttributeValue>> = operation.attributes
    for (const product of declarationOf(operation.op).cost) {
      const flops = product.reduce<number>((value, factor) => {
        if (factor === 'rows') return value
        return value * Number(typeof factor === 'number' ? factor : attributes[factor])
      }, 1)
      if (product.includes('rows')) perRow += flops
      else fixed += flops
    }
  }
  return { perRow, fixed }
}
