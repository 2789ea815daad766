/** Models as ONNX files of opset 17. */
import { lastActivation } from '../../contract/network.js'
import type { Weights } from '../../engine/index.js'
import { firstDifference } from '../compare.js'
import type { ExportableModel, ExportedFile, Exporter, ExportOptions } from '../exporter.js'
import { importableMetadata } from '../metadata.js'
import { hasWholeInput, modelSignature, type Signature } from '../signature.js'
import { addReshape } from './activations.js'
import { GraphBuilder, int, mlDomain, type Value } from './graph-builder.js'
import { addNetwork } from './layers.js'
import { addOutputs } from './outputs.js'
import { addColumns, addNumbers } from './preprocessing.js'
import { isFeedable, loadRuntime, runRows } from './runtime.js'
import { encodeModel } from './schema.js'

/** The version of the file format that came with opset 17. */
const irVersion = 8
const opset = 17
const mlOpset = 3

export const onnxExporter: Exporter = {
  refusal: () => null,
  write(model, weights, options): ExportedFile {
    const bytes = encodeModel({
      ir_version: irVersion,
      producer_name: 'descent',
      domain: '',
      model_version: 1,
      doc_string: model.name ?? '',
      opset_import: [
        { domain: '', version: opset },
        { domain: mlDomain, version: mlOpset },
      ],
      metadata_props: metadata(model),
      graph: buildGraph(model, weights, options),
    })
    return { name: `${model.id}.onnx`, mediaType: 'application/octet-stream', bytes }
  },
  async verify({ bytes }, model, expected, options) {
    const runtime = await loadRuntime()
    if (runtime === null) return null
    const rows = options.preprocessing ? expected.filter(({ row }) => isFeedable(model, row)) : expected
    const answers = await runRows(runtime, bytes, model, rows, options)
    return firstDifference(model, rows, options, answers)
  },
}

function buildGraph(model: ExportableModel, weights: Weights, { preprocessing }: ExportOptions) {
  const signature = preprocessing ? modelSignature(model) : bareSignature(model)
  const graph = new GraphBuilder([...signature.inputs, ...signature.outputs].map(({ name }) => name))
  const inputs = signature.inputs.map((tensor) => graph.input(tensor))
  const encoded = preprocessing ? addPreprocessing(graph, model, inputs) : inputs[0]
  const y = addNetwork(graph, model, weights, encoded)
  if (preprocessing) addOutputs(graph, model, y, signature.outputs)
  else graph.output(signature.outputs[0], y)
  return graph.build(model.id)
}

/** The numbers of the network without their meaning. */
function bareSignature({ layers }: ExportableModel): Signature {
  const inputShape = layers[0]?.inputShape ?? []
  const outputShape = layers.at(-1)?.outputShape ?? []
  return {
    inputs: [{ name: 'input', type: 'float32', shape: [-1, ...inputShape] }],
    outputs: [{ name: 'output', type: 'float32', shape: [-1, ...outputShape] }],
  }
}

function addPreprocessing(graph: GraphBuilder, model: ExportableModel, inputs: readonly Value[]): Value {
  const { coding, network } = model
  const { inputShape = [] } = network
  const encoded = hasWholeInput(model)
    ? addNumbers(graph, coding.features, graph.node('Flatten', [inputs[0]], { attributes: { axis: int(1) } }))
    : addColumns(graph, coding, inputs)
  return inputShape.length > 1 ? addReshape(graph, encoded, inputShape) : encoded
}

function metadata(model: ExportableModel): { key: string; value: string }[] {
  const { columns, classes, epoch, network } = model
  const properties = {
    ...importableMetadata(model),
    columns: JSON.stringify(columns),
    ...(classes === null ? {} : { classes: JSON.stringify(classes) }),
    lastActivation: lastActivation(network),
    ...(epoch === null ? {} : { epoch: String(epoch) }),
  }
  return Object.entries(properties).map(([key, value]) => ({ key, value }))
}
