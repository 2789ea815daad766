/** Activations as nodes. */
import type { Activation } from '../../contract/network.js'
import { float, type GraphBuilder, int, type Value } from './graph-builder.js'
import { floats, int64s } from './tensors.js'

/** Softmax is in the last layer only, whose output is one-dimensional. */
export function addActivation(graph: GraphBuilder, activation: Activation, z: Value): Value {
  switch (activation) {
    case 'linear':
      return z
    case 'step':
      return graph.cast(graph.node('GreaterOrEqual', [z, scalar(graph, 0)]), 'float32')
    case 'sigmoid':
      return graph.node('Sigmoid', [z])
    case 'tanh':
      return graph.node('Tanh', [z])
    case 'relu':
      return graph.node('Relu', [z])
    case 'leakyRelu':
      return graph.node('LeakyRelu', [z], { attributes: { alpha: float(0.01) } })
    case 'elu':
      return graph.node('Elu', [z], { attributes: { alpha: float(1) } })
    case 'gelu':
      return addGelu(graph, z)
    case 'softplus':
      return graph.node('Softplus', [z])
    case 'softmax':
      return graph.node('Softmax', [z], { attributes: { axis: int(1) } })
    default:
      return activation satisfies never
  }
}

/** z (1 + erf(z / √2)) / 2. The operator Gelu exists from opset 20 on. */
function addGelu(graph: GraphBuilder, z: Value): Value {
  const scaled = graph.node('Mul', [z, scalar(graph, Math.SQRT1_2)])
  const distribution = graph.node('Add', [graph.node('Erf', [scaled]), scalar(graph, 1)])
  return graph.node('Mul', [z, graph.node('Mul', [distribution, scalar(graph, 0.5)])])
}

/** @param shape of one row */
export function addReshape(graph: GraphBuilder, value: Value, shape: readonly number[]): Value {
  // 0 keeps the number of rows.
  return graph.node('Reshape', [value, graph.constant('shape', int64s([0, ...shape]))])
}

const scalar = (graph: GraphBuilder, value: number): Value =>
  graph.constant('scalar', floats(Float32Array.of(value), []))
