/** The files as which a model can be downloaded for other programs. */

export interface ExportChoice {
  title: string
  /** Where the file runs. */
  description: string
  query: {
    format: 'onnx' | 'javascript' | 'c' | 'tfjs' | 'pytorch' | 'safetensors'
    names?: 'torch' | 'keras'
  }
  /** Of the saved file, after the id of the model. */
  ending: string
  /** The most parameters that the format holds. Absent: the service bounds the bytes alone. */
  maximumParameters?: number
}

export const exportChoices: readonly ExportChoice[] = [
  {
    title: 'ONNX',
    description: 'ONNX Runtime, Triton and others; takes raw columns',
    query: { format: 'onnx' },
    ending: '.onnx',
  },
  {
    title: 'JavaScript',
    description: 'browsers and Node.js, one module without dependencies; takes raw columns',
    query: { format: 'javascript' },
    ending: '.mjs',
    maximumParameters: 1_000_000,
  },
  {
    title: 'C',
    description: 'C99 and Arduino, one file without dynamic memory; takes raw columns',
    query: { format: 'c' },
    ending: '.c',
    maximumParameters: 1_000_000,
  },
  {
    title: 'TensorFlow.js',
    description: 'a layers model as a zip; takes the numbers of the network',
    query: { format: 'tfjs' },
    ending: '.tfjs.zip',
  },
  {
    title: 'PyTorch program',
    description: 'model.py, which reads the weights below; takes raw columns',
    query: { format: 'pytorch' },
    ending: '.py',
  },
  {
    title: 'Weights for PyTorch',
    description: 'safetensors with the names of an nn.Sequential',
    query: { format: 'safetensors', names: 'torch' },
    ending: '.safetensors',
  },
  {
    title: 'Weights for Keras',
    description: 'safetensors with the layouts of Keras',
    query: { format: 'safetensors', names: 'keras' },
    ending: '.keras.safetensors',
  },
]

/** Why the page offers no download, or null if it does. The service may refuse for other reasons. */
export function limitReason({ maximumParameters }: ExportChoice, parameters: number): string | null {
  if (maximumParameters === undefined || parameters <= maximumParameters) return null
  return `holds at most ${maximumParameters.toLocaleString('en')} parameters; this model has ${parameters.toLocaleString('en')}`
}
