/** Operators that change the shape of the rows and not their numbers. */
import { elementCount } from '../../engine/index.js'
import type { OnnxNode } from './node.js'

/** A side in a computation of shapes: the number of rows is unknown. */
export type Side = number | 'rows'

interface ViewContext {
  /** Of one row. */
  shape: readonly number[]
  /** The number of rows of the input of the graph, or null for any number. */
  rows: number | null
  opset: number
  /** The whole numbers of an input, or undefined if they are not constant. */
  sides(node: OnnxNode, input: number): readonly Side[] | undefined
}

/** The shape of one row after the node. @throws Problem if the node moves numbers or mixes rows */
type View = (node: OnnxNode, context: ViewContext) => number[]

export const views: Readonly<Record<string, View>> = {
  Flatten(node, { shape }) {
    const axis = node.int('axis', 1)
    if (axis !== 1 && axis !== -shape.length) throw node.refuse(`its axis is ${axis}; only 1 is supported`)
    return [elementCount(shape)]
  },
  Reshape(node, context) {
    const wanted = context.sides(node, 1)
    if (wanted === undefined) throw node.refuse('its shape is not constant')
    return reshaped(node, wanted, context)
  },
  Squeeze(node, context) {
    const axes = readAxes(node, context, context.shape.length + 1)
    const isRemovable = axes.every((axis) => context.shape[axis - 1] === 1)
    if (axes.length === 0 || !isRemovable) throw node.refuse('it removes sides other than 1, or the rows')
    return context.shape.filter((_, position) => !axes.includes(position + 1))
  },
  Unsqueeze(node, context) {
    const given = context.opset < 13 ? node.ints('axes') : constants(context.sides(node, 1))
    const axes = readAxes(node, context, context.shape.length + 1 + (given?.length ?? 0))
    const shape = [...context.shape]
    for (const axis of axes) {
      if (axis < 1 || axis > shape.length + 1) throw node.refuse(`its axis is ${axis}; the rows come first`)
      shape.splice(axis - 1, 0, 1)
    }
    return shape
  },
  Transpose(node, { shape }) {
    const order = node.ints('perm') ?? shape.map((_, position) => shape.length - position)
    const sides = [0, ...shape]
    const isOrder = order.toSorted((a, b) => a - b).join() === [...sides.keys()].join()
    const moved = order.filter((position) => position > 0 && sides[position] !== 1)
    if (
      !isOrder ||
      order[0] !== 0 ||
      moved.some((position, index) => index > 0 && position < moved[index - 1])
    ) {
      throw node.refuse(`it moves numbers (perm ${order.join(', ')}); only sides of 1 may move`)
    }
    return order.slice(1).map((position) => sides[position])
  },
  Pad(node, context) {
    const pads = context.opset < 11 ? node.ints('pads') : constants(context.sides(node, 1))
    if (pads === undefined || pads.some((pad) => pad !== 0)) {
      throw node.refuse(
        `its pads are ${pads?.join(', ') ?? 'not constant'}; only 0 is supported, give the zeros to Conv`,
      )
    }
    return [...context.shape]
  },
}

const constants = (sides: readonly Side[] | undefined): number[] | undefined =>
  sides?.map((side) => (side === 'rows' ? Number.NaN : side))

/** Ascending, counted from 0 at the rows. */
function readAxes(node: OnnxNode, context: ViewContext, sides: number): number[] {
  const axes = context.opset < 13 ? node.ints('axes') : constants(context.sides(node, 1))
  if (axes === undefined) throw node.refuse('its axes are not constant')
  return axes.map((axis) => (axis < 0 ? axis + sides : axis)).toSorted((a, b) => a - b)
}

function reshaped(node: OnnxNode, wanted: readonly Side[], { shape, rows }: ViewContext): number[] {
  const size = elementCount(shape)
  const [first, ...rest] = wanted
  const filled = rest.map((side, index) => (side === 0 ? (shape[index] ?? 0) : side))
  const knownSize = filled.reduce<number>(
    (product, side) => (side === -1 || side === 'rows' ? product : product * side),
    1,
  )
  const result = filled.map((side) => (side === -1 ? size / knownSize : side === 'rows' ? Number.NaN : side))
  const keepsRows =
    first === 'rows' ||
    first === 0 ||
    (first === -1 && !filled.includes(-1)) ||
    (first === rows && rows !== null)
  const isShape =
    result.every((side) => Number.isSafeInteger(side) && side > 0) && elementCount(result) === size
  if (keepsRows && isShape && result.length > 0) return result
  throw node.refuse(
    `it makes [${wanted.join(', ')}] of [N, ${shape.join(', ')}]; each row must keep its ${size} numbers, with the rows first`,
  )
}
