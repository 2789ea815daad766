/**
 * The catalogue of operations: operands with their shapes, attributes, cost, and the tolerance of fast backends. The
 * encoder, the printer, the validator and the cost model read it.
 *
 * - A shape lists attribute names, outermost first; `rows` is the number of rows of the current batch.
 * - A cost is a sum of products of numbers, attribute names and `rows`; one multiply-add counts as 2.
 * - `code` is the operation's number in the encoded program and never changes its meaning.
 * - `tolerance`: a fast backend's output may differ from the float32 reference, given the same inputs, by
 *   absolute + relative · (largest magnitude among the reference's outputs).
 * The function in kernels/reference defines what an operation computes.
 */
import type { AttributeType, AttributeTypes, OperationDeclaration } from './operations/declaration.js'
import { learning } from './operations/learning.js'
import { products } from './operations/products.js'
import { signals } from './operations/signals.js'

export type { AttributeType, AttributeValue } from './operations/declaration.js'
export {
  type Accuracy,
  activationRules,
  type ElementActivation,
  enumerations,
  lossRules,
} from './operations/enumerations.js'

export const catalogue = { ...products, ...signals, ...learning }

type Catalogue = typeof catalogue
export type OperationName = keyof Catalogue

/** A buffer's index in the program's list of buffers. */
export type BufferId = number

type OperandOf<Declaration> = Declaration extends { optional: true } ? BufferId | null : BufferId
export type OperationOf<Name extends OperationName> = {
  [N in Name]: {
    readonly op: N
    readonly operands: {
      readonly [Operand in keyof Catalogue[N]['operands']]: OperandOf<Catalogue[N]['operands'][Operand]>
    }
    readonly attributes: {
      readonly [A in keyof Catalogue[N]['attributes']]: Catalogue[N]['attributes'][A] extends AttributeType
        ? AttributeTypes[Catalogue[N]['attributes'][A]]
        : never
    }
  }
}[Name]

/** One entry of a program's lists: plain data, declared in the catalogue. */
export type Operation = OperationOf<OperationName>

/** The declaration of an operation, typed for code that treats all operations alike. */
export function findDeclaration(name: OperationName): OperationDeclaration {
  return catalogue[name]
}
