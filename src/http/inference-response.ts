/** Inference responses: JSON, or JSON followed by the binary data of tensors. */
import type { FastifyReply } from 'fastify'
import type { InferenceResponse, ResponseOutput } from '../contract/inference.js'
import type { OutputTensor } from '../training/inference/output-tensors.js'
import { chunkedBody } from './chunked-body.js'
import { jsonLengthHeader } from './inference-body.js'

/** More elements are serialized in chunks. */
const maximumInlineElements = 4_096

/** Elements that are serialized at once. */
const elementsAtOnce = 128

interface Inference {
  /** As in the request. */
  name: string
  /** Of a registered name. */
  version: number | null
  id: string | undefined
  outputs: readonly OutputTensor[]
}

export function sendInference(reply: FastifyReply, inference: Inference): FastifyReply {
  const binary = inference.outputs.flatMap(({ content }) =>
    content.type === 'binary' ? [content.bytes] : [],
  )
  const elements = inference.outputs.reduce((sum, { content }) => sum + elementCount(content), 0)
  if (binary.length === 0) {
    reply.type('application/json; charset=utf-8')
    return reply.send(
      elements <= maximumInlineElements ? toResponse(inference) : chunkedBody(texts(inference)),
    )
  }
  // Tensors of one response are rarely sent in both ways, so the JSON is short.
  const json = Buffer.from(JSON.stringify(toResponse(inference)))
  return reply
    .type('application/octet-stream')
    .header(jsonLengthHeader, json.length)
    .send(Buffer.concat([json, ...binary]))
}

const elementCount = (content: OutputTensor['content']) => (content.type === 'json' ? content.data.length : 0)

function toResponse({ name, version, id, outputs }: Inference): InferenceResponse {
  return {
    model_name: name,
    ...(version === null ? {} : { model_version: String(version) }),
    ...(id === undefined ? {} : { id }),
    outputs: outputs.map(describe),
  }
}

function describe({ name, type, shape, content }: OutputTensor): ResponseOutput {
  return content.type === 'json'
    ? { name, shape, datatype: type, data: content.data }
    : { name, shape, datatype: type, parameters: { binary_data_size: content.bytes.length } }
}

function* texts({ outputs, ...inference }: Inference): Generator<string> {
  const head = JSON.stringify(toResponse({ ...inference, outputs: [] }))
  yield head.slice(0, -']}'.length)
  for (const [index, output] of outputs.entries()) {
    const { data = [], ...described } = describe(output)
    yield `${index === 0 ? '' : ','}${JSON.stringify(described).slice(0, -1)},"data":[`
    for (let first = 0; first < data.length; first += elementsAtOnce) {
      const some = JSON.stringify(data.slice(first, first + elementsAtOnce)).slice(1, -1)
      yield first === 0 ? some : `,${some}`
    }
    yield ']}'
  }
  yield ']}'
}
