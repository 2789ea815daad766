/** Columns side by side, and their scaling. */
import { type GraphBuilder, int, type Value } from './graph-builder.js'
import { doubles } from './tensors.js'

/** In float64, then rounded once. */
export function addScaling(
  graph: GraphBuilder,
  value: Value,
  scales: readonly { offset: number; scale: number }[],
): Value {
  const offset = graph.constant('offset', doubles(scales.map((each) => each.offset)))
  const scale = graph.constant('scale', doubles(scales.map((each) => each.scale)))
  return graph.cast(graph.node('Div', [graph.node('Sub', [value, offset]), scale]), 'float32')
}

export function concatenate(graph: GraphBuilder, values: readonly Value[]): Value {
  return values.length === 1 ? values[0] : graph.node('Concat', values, { attributes: { axis: int(1) } })
}
