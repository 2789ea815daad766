/** Derived features as nodes of ONNX. */
import type { Coding } from '../../contract/dataset.js'
import { type DerivedSource, derivedSources } from '../../datasets/derived-features.js'
import { type GraphBuilder, int, type Value } from './graph-builder.js'
import { addScaling, concatenate } from './scaling.js'
import { doubles, int64s } from './tensors.js'

/** Appends the derived features, computed from the encoded columns in float64. */
export function withDerived(graph: GraphBuilder, coding: Coding, encoded: Value): Value {
  const { derived = [] } = coding
  if (derived.length === 0) return encoded
  const sources = derivedSources(coding)
  const unscaled = (list: readonly DerivedSource[]) => {
    const places = graph.constant('places', int64s(list.map(({ place }) => place)))
    const columns = graph.node('Gather', [encoded, places], { attributes: { axis: int(1) } })
    const [scale, offset] = (['scale', 'offset'] as const).map((name) =>
      graph.constant(name, doubles(list.map(({ coding: each }) => each[name]))),
    )
    return graph.node('Add', [graph.node('Mul', [graph.cast(columns, 'float64'), scale]), offset])
  }
  const indices = (isSine: boolean) =>
    derived.flatMap(({ type }, index) => ((type === 'sin') === isSine ? [index] : []))
  const [products, sines] = [indices(false), indices(true)]
  const parts = [
    ...(products.length === 0
      ? []
      : [
          graph.node('Mul', [
            unscaled(products.map((index) => sources[index][0])),
            unscaled(products.map((index) => sources[index].at(-1) ?? sources[index][0])),
          ]),
        ]),
    ...(sines.length === 0 ? [] : [graph.node('Sin', [unscaled(sines.map((index) => sources[index][0]))])]),
  ]
  const computed = [...products, ...sines]
  const scaled = addScaling(
    graph,
    concatenate(graph, parts),
    computed.map((index) => derived[index]),
  )
  const order = int64s(derived.map((_, index) => computed.indexOf(index)))
  const ordered = graph.node('Gather', [scaled, graph.constant('order', order)], {
    attributes: { axis: int(1) },
  })
  return concatenate(graph, [encoded, ordered])
}
