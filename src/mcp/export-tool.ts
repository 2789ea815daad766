/** Returns a model as a file of another program. */
import type { CallToolResult } from '@modelcontextprotocol/server'
import { z } from 'zod'
import { exportFormatSchema } from '../contract/export.js'
import { parseAnswer, pathOf, queryOf } from './service.js'
import { defineTool, idInput, isSuccess, toResult } from './tool.js'

/** Larger files would fill the context of a model. */
const maximumBytes = 1024 * 1024
/** In the smallest format. */
const bytesPerParameter = 4

const modelSchema = z.object({ parameters: z.int() })

export const exportTool = defineTool({
  name: 'export_model',
  title: 'Export a model',
  description: 'Returns a model as a file: ONNX, PyTorch, JavaScript, C, TensorFlow.js or safetensors.',
  effect: 'reads',
  input: z.strictObject({ model: idInput, format: exportFormatSchema }),
  async run({ model, format }, { ask, signal }) {
    const path = `${pathOf`/models/${model}/export`}${queryOf({ format })}`
    const described = await ask({ method: 'GET', path: pathOf`/models/${model}` }, signal)
    if (!isSuccess(described)) return toResult(described)
    const { parameters } = modelSchema.parse(parseAnswer(described))
    if (parameters * bytesPerParameter > maximumBytes) return tooLarge(parameters * bytesPerParameter, path)
    const answer = await ask({ method: 'GET', path }, signal)
    if (!isSuccess(answer)) return toResult(answer)
    const { bytes, type } = answer
    if (bytes.length > maximumBytes) return tooLarge(bytes.length, path)
    const file = { uri: `descent://models/${model}/${format}`, mimeType: type }
    const resource = type.startsWith('text/')
      ? { ...file, text: bytes.toString('utf8') }
      : { ...file, blob: bytes.toString('base64') }
    return { content: [{ type: 'resource', resource }] }
  },
})

function tooLarge(bytes: number, path: string): CallToolResult {
  const text = `The file has at least ${bytes} bytes; a tool returns at most ${maximumBytes}. Download it with GET ${path}.`
  return { isError: true, content: [{ type: 'text', text }] }
}
