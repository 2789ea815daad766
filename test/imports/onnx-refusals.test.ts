/** What of ONNX is refused, and that the error names the node and its operator. */
import { describe, expect, it } from 'vitest'
import { importModel } from '../../src/imports/import-model.js'
import { answer } from './fixtures.js'
import { type GraphToWrite, type NodeToWrite, onnxFile } from './onnx-files.js'

const read = (graph: GraphToWrite) => importModel(onnxFile(graph), {})
const gemm: NodeToWrite = { op: 'Gemm', name: 'fc', inputs: ['x', 'w'], output: 'y' }
const w = { dims: [2, 2], values: [1, 2, 3, 4] }
const conv = (
  attributes: Partial<NodeToWrite>,
  input: number[] = [1, 6, 6],
  dims = [1, 1, 3, 3],
): GraphToWrite => ({
  nodes: [{ op: 'Conv', name: 'c', inputs: ['x', 'k'], output: 'y', ...attributes }],
  tensors: { k: { dims, values: Array(dims.reduce((product, side) => product * side, 1)).fill(1) } },
  input: ['N', ...input],
})
const pool = (attributes: Partial<NodeToWrite>): GraphToWrite => ({
  nodes: [{ op: 'MaxPool', name: 'p', inputs: ['x'], output: 'y', ...attributes }],
  input: ['N', 1, 5, 5],
})
/** One operator, with constants. */
const one = (
  op: string,
  attributes: Partial<NodeToWrite> = {},
  tensors: GraphToWrite['tensors'] = {},
): GraphToWrite => ({
  nodes: [{ op, name: 'n', inputs: ['x', ...Object.keys(tensors)], output: 'y', ...attributes }],
  tensors,
})
const integers = (...values: number[]) => ({ dims: [values.length], data_type: 7, int64_data: values })
const reshape = (...sides: number[]) => one('Reshape', {}, { s: integers(...sides) })

describe('a product', () => {
  it('reads weights as [inputs, units], or transposed', () => {
    expect(Array.from(answer(read({ nodes: [gemm], tensors: { w } }), [1, 10]))).toEqual([31, 42])
    const transposed = read({ nodes: [{ ...gemm, int: { transB: 1 } }], tensors: { w } })
    expect(Array.from(answer(transposed, [1, 10]))).toEqual([21, 43])
    const constant = read({
      nodes: [
        { op: 'Transpose', inputs: ['w'], output: 't', ints: { perm: [1, 0] } },
        { op: 'MatMul', inputs: ['x', 't'], output: 'z' },
        { op: 'Add', inputs: ['z', 'b'], output: 'y' },
      ],
      tensors: { w, b: { dims: [2], values: [100, 200] } },
    })
    expect(Array.from(answer(constant, [1, 10]))).toEqual([121, 243])
    expect(constant.network.layers).toHaveLength(1)
  })
})

describe('padding', () => {
  it('of a stride is taken where the windows are those of a layer', () => {
    // ⌈7 / 2⌉ = 4 windows need 2 zeros: one before, one after. ⌈6 / 2⌉ = 3 need one, after the end.
    const odd = read(conv({ ints: { pads: [1, 1, 1, 1], strides: [2, 2] } }, [1, 7, 7]))
    expect(odd.network.layers[0]).toMatchObject({ padding: 'same' })
    const trailing = read(conv({ ints: { pads: [0, 0, 1, 1], strides: [2, 2] } }))
    expect(trailing.network.layers[0]).toMatchObject({ padding: 'same' })
    // Zeros after the last window are not read.
    const unread = read(conv({ ints: { pads: [0, 0, 1, 1], strides: [2, 2] } }, [1, 7, 7]))
    expect(unread.network.layers[0]).toMatchObject({ padding: 'valid' })
    expect(read(conv({ text: { auto_pad: 'SAME_UPPER' } })).network.layers[0]).toMatchObject({
      padding: 'same',
    })
  })
})

describe('a chain of views', () => {
  it('becomes one layer, or none', () => {
    const shapes = (...nodes: NodeToWrite[]) =>
      read({
        nodes: [
          { op: 'Conv', inputs: ['x', 'k'], output: 'c' },
          { op: 'GlobalAveragePool', inputs: ['c'], output: 'g' },
          ...nodes,
          { op: 'Gemm', inputs: ['v', 'w'], output: 'y' },
        ],
        tensors: {
          k: { dims: [2, 1, 3, 3], values: Array(18).fill(1) },
          w,
          s: integers(0, -1),
          a: integers(3, 2),
        },
        input: ['N', 1, 6, 6],
      }).network.layers.map(({ type }) => type)
    const expected = ['conv2d', 'globalAveragePooling2d', 'dense']
    expect(shapes({ op: 'Flatten', inputs: ['g'], output: 'v' })).toEqual(expected)
    expect(shapes({ op: 'Reshape', inputs: ['g', 's'], output: 'v' })).toEqual(expected)
    expect(shapes({ op: 'Squeeze', inputs: ['g', 'a'], output: 'v' })).toEqual(expected)
    const moved: NodeToWrite = { op: 'Transpose', inputs: ['g'], output: 't', ints: { perm: [0, 2, 3, 1] } }
    expect(shapes(moved, { op: 'Flatten', inputs: ['t'], output: 'v' })).toEqual(expected)
  })
})

describe('what is not supported', () => {
  it.each<[string, GraphToWrite, string]>([
    [
      'an operator',
      one('LSTM'),
      'The node "n" (LSTM) cannot be imported: the operator is not supported here. Supported',
    ],
    ['another domain', one('Scaler', { domain: 'ai.onnx.ml' }), '(ai.onnx.ml.Scaler) cannot be imported'],
    [
      'LeakyRelu',
      one('LeakyRelu', { float: { alpha: 0.2 } }),
      '(LeakyRelu) cannot be imported: its alpha is 0.2; only 0.01',
    ],
    ['Elu', one('Elu', { float: { alpha: 2 } }), 'its alpha is 2; only 1'],
    ['Gelu', { ...one('Gelu', { text: { approximate: 'tanh' } }), opset: 20 }, 'its approximation is "tanh"'],
    ['Softmax', one('Softmax', { int: { axis: 0 } }), 'its axis is 0'],
    ['Gemm', { nodes: [{ ...gemm, float: { alpha: 2 } }], tensors: { w } }, 'its alpha is 2'],
    [
      'another size',
      { nodes: [gemm], tensors: { w: { dims: [3, 1], values: [1, 2, 3] } } },
      'by a weight of 3 inputs',
    ],
    ['groups', conv({ int: { group: 2 } }), '(Conv) cannot be imported: it has 2 groups; only 1'],
    ['dilations', conv({ ints: { dilations: [2, 2] } }), 'its dilations are 2, 2'],
    [
      'a stride with zeros before',
      conv({ ints: { pads: [1, 1, 1, 1], strides: [2, 2] } }),
      'its pads are 1, 1, 1, 1;',
    ],
    ['zeros on one side', conv({ ints: { pads: [2, 2, 0, 0] } }), 'its pads are 2, 2, 0, 0;'],
    ['negative pads', conv({ ints: { pads: [-1, 0, 0, 0] } }), 'its pads are -1, 0, 0, 0;'],
    ['SAME_LOWER', conv({ text: { auto_pad: 'SAME_LOWER' } }), 'its auto_pad is SAME_LOWER'],
    ['channels', conv({}, [2, 6, 6]), 'its weight has 1 channels, and its input 2'],
    ['a kernel in three dimensions', conv({}, [1, 6, 6], [1, 1, 2, 2, 2]), 'a kernel of 3 sides over 2'],
    ['a kernel larger than its input', conv({}, [1, 2, 2]), 'kernel'],
    ['padded pooling', pool({ ints: { kernel_shape: [3, 3], pads: [1, 1, 1, 1] } }), 'it pads its input'],
    [
      'a partial window',
      pool({ ints: { kernel_shape: [2, 2], strides: [2, 2] }, int: { ceil_mode: 1 } }),
      'its ceil_mode',
    ],
    ['indices', pool({ ints: { kernel_shape: [2, 2] }, outputs: ['y', 'i'] }), 'it has 2 outputs'],
    ['a mean over rows', one('ReduceMean', { ints: { axes: [0] } }), 'its axes are 0'],
    [
      'a moving transpose',
      { ...one('Transpose', { ints: { perm: [0, 2, 1] } }), input: ['N', 2, 3] },
      'it moves numbers',
    ],
    ['a reshape that mixes rows', reshape(-1, 1), 'it makes [-1, 1] of [N, 2]'],
    ['a reshape of another size', reshape(0, 3), 'it makes [0, 3] of [N, 2]'],
    [
      'a computed constant',
      one('Mul', {}, { c: { dims: [2], values: [1, 2] } }),
      'it computes with the constant "c"',
    ],
    [
      'SiLU',
      {
        nodes: [
          { op: 'Sigmoid', name: 's', inputs: ['x'], output: 's' },
          { op: 'Mul', name: 'm', inputs: ['x', 's'], output: 'y' },
        ],
      },
      'node "s" (Sigmoid), node "m" (Mul), which is not an activation',
    ],
    [
      'a residual connection',
      {
        nodes: [
          { op: 'Gemm', inputs: ['x', 'w'], output: 'h' },
          { op: 'Add', name: 'skip', inputs: ['h', 'x'], output: 'y' },
        ],
        tensors: { w },
      },
      'The node "skip" (Add) cannot be imported: it reads a value that another layer also reads',
    ],
    [
      'training mode',
      {
        nodes: [
          {
            op: 'BatchNormalization',
            inputs: ['x', 'a', 'a', 'a', 'a'],
            output: 'y',
            int: { training_mode: 1 },
          },
        ],
        tensors: { a: { dims: [2], values: [1, 1] } },
      },
      'call model.eval() before the export',
    ],
  ])('%s is refused by name', (_, graph, message) => {
    expect(() => read(graph)).toThrow(message)
  })

  it.each<[string, GraphToWrite, string]>([
    [
      'another type of weights',
      { nodes: [gemm], tensors: { w: { ...w, data_type: 6 } } },
      'the type of its input "w"',
    ],
    [
      'weights in another file',
      {
        nodes: [gemm],
        tensors: {
          w: { dims: [2, 2], data_location: 1, external_data: [{ key: 'location', value: '/etc/passwd' }] },
        },
      },
      'The tensor "w" is in another file',
    ],
    [
      'too few numbers',
      { nodes: [gemm], tensors: { w: { dims: [2, 2], values: [1] } } },
      'has 4 bytes of numbers, and needs 16',
    ],
    [
      'negative sides',
      { nodes: [gemm], tensors: { w: { dims: [-2, -2], values: [1, 2, 3, 4] } } },
      'has the shape [-2, -2]',
    ],
    [
      'a cycle',
      {
        nodes: [
          { op: 'Add', inputs: ['x', 'b'], output: 'a' },
          { op: 'Relu', inputs: ['a'], output: 'b' },
        ],
        outputs: ['b'],
      },
      'its input "b" is not computed before it: the graph is not sorted, or has a cycle',
    ],
    [
      'an output computed twice',
      {
        nodes: [
          { op: 'Relu', inputs: ['x'], output: 'y' },
          { op: 'Tanh', inputs: ['y'], output: 'y' },
        ],
      },
      'its output "y" is computed twice',
    ],
    [
      'no fixed sides',
      { nodes: [{ op: 'Relu', inputs: ['x'] }], input: ['N', 'features'] },
      'has the shape [N, features]',
    ],
    ['texts as inputs', { nodes: [{ op: 'Relu', inputs: ['x'] }], inputType: 8 }, 'has the type STRING'],
    ['two outputs', { nodes: [{ op: 'Relu', inputs: ['x'] }], outputs: ['y', 'x'] }, 'has 2 outputs'],
    ['an old opset', { nodes: [{ op: 'Relu', inputs: ['x'] }], opset: 8 }, 'has version 8 of the operators'],
    ['a future opset', { nodes: [{ op: 'Relu', inputs: ['x'] }], opset: 99 }, 'Supported are 9 to 25'],
    ['no layers', { nodes: [{ op: 'Identity', inputs: ['x'] }] }, 'The ONNX file computes nothing'],
  ])('%s is refused', (_, graph, message) => {
    expect(() => read(graph)).toThrow(message)
  })

  it('two tensors of one name are refused', () => {
    const once = onnxFile({ nodes: [gemm], tensors: { w, v: w } })
    const twice = Buffer.from(once)
    const index = twice.lastIndexOf(Buffer.from('\x42\x01v'))
    expect(index).toBeGreaterThan(0)
    twice[index + 2] = 'w'.charCodeAt(0)
    expect(() => importModel(twice, {})).toThrow('has the tensor "w" twice')
  })
})
