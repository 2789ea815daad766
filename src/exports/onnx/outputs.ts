/** Predictions as nodes: units of the target, labels and probabilities. */
import { isTwoClassOutput, lastActivation } from '../../contract/network.js'
import { positiveThreshold } from '../../datasets/prediction.js'
import { targetWidth } from '../../datasets/target-coding.js'
import type { ExportableModel } from '../exporter.js'
import type { SignatureTensor } from '../signature.js'
import { type GraphBuilder, int, type Value } from './graph-builder.js'
import { doubles, floats, int64s, strings } from './tensors.js'

/** @param y the outputs of the network, float32 [N, outputs] @param outputs of the signature */
export function addOutputs(
  graph: GraphBuilder,
  model: ExportableModel,
  y: Value,
  outputs: readonly SignatureTensor[],
): void {
  for (const tensor of outputs) graph.output(tensor, addOutput(graph, model, y, tensor))
}

function addOutput(graph: GraphBuilder, model: ExportableModel, y: Value, { name }: SignatureTensor): Value {
  const { target } = model.coding
  switch (name) {
    case 'label':
      return addLabel(graph, model, y)
    case 'labels':
      return atLeast(graph, graph.cast(y, 'float64'), positiveThreshold(model.loss))
    case 'probabilities':
      return target.type === 'binary' ? addBothProbabilities(graph, y) : y
    case 'output':
      return target.type === 'number' ? addUnscaling(graph, model, graph.cast(y, 'float64')) : y
    default:
      throw new Error(`the graph has no output ${name}`)
  }
}

function addUnscaling(graph: GraphBuilder, { coding: { target } }: ExportableModel, y: Value): Value {
  if (target.type !== 'number' || target.scaling === undefined) return y
  const { offset, scale } = target.scaling
  const scaled = graph.node('Mul', [y, graph.constant('target.scale', doubles(scale))])
  return graph.node('Add', [scaled, graph.constant('target.offset', doubles(offset))])
}

function addBothProbabilities(graph: GraphBuilder, y: Value): Value {
  const one = graph.constant('one', floats(Float32Array.of(1), []))
  return graph.node('Concat', [graph.node('Sub', [one, y]), y], { attributes: { axis: int(1) } })
}

function addLabel(graph: GraphBuilder, model: ExportableModel, y: Value): Value {
  const { classes } = model
  if (classes === null) throw new Error('a label needs classes')
  const names = graph.constant('classes', strings(classes))
  return graph.node('Gather', [names, addClass(graph, model, y)], { attributes: { axis: int(0) } })
}

/** The index of the predicted class, int64 [N]. */
function addClass(
  graph: GraphBuilder,
  { coding, network, loss, threshold }: ExportableModel,
  y: Value,
): Value {
  const width = targetWidth(coding.target)
  const hasThreshold = threshold !== null && isTwoClassOutput(width, lastActivation(network))
  if (width > 1 && !hasThreshold) {
    // Of equal outputs the first one, as in the service.
    return graph.node('ArgMax', [y], { attributes: { axis: int(1), keepdims: int(0) } })
  }
  const last = graph.constant('last', int64s([width - 1], []))
  const decisive = graph.node('Gather', [y, last], { attributes: { axis: int(1) } })
  const least = hasThreshold ? threshold : positiveThreshold(loss)
  // As float64, because the threshold need not be a float32.
  return graph.cast(atLeast(graph, graph.cast(decisive, 'float64'), least), 'int64')
}

function atLeast(graph: GraphBuilder, value: Value, least: number): Value {
  return graph.node('GreaterOrEqual', [value, graph.constant('threshold', doubles([least], []))])
}
