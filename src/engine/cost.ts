/** Floating-point operations of a list of operations, from the costs in the catalogue. */
import { type AttributeValue, findDeclaration, type Operation } from './operations.js'

/** @returns flops per row of a batch, and flops that do not depend on the number of rows. */
export function countFlops(operations: readonly Operation[]): { perRow: number; fixed: number } {
  let perRow = 0
  let fixed = 0
  for (const operation of operations) {
    const attributes: Readonly<Record<string, AttributeValue>> = operation.attributes
    for (const product of findDeclaration(operation.op).cost) {
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
