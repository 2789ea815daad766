/** The file formats of exported models. */
import { z } from 'zod'

export const exportFormatSchema = z.enum(['safetensors', 'pytorch', 'onnx', 'javascript', 'c', 'tfjs'])
export type ExportFormat = z.infer<typeof exportFormatSchema>

/** The content types of exported files. */
export const exportMediaTypes = [
  'application/octet-stream',
  'application/zip',
  'text/javascript',
  'text/x-c',
  'text/x-python',
] as const
export type ExportMediaType = (typeof exportMediaTypes)[number]

/** Names and layouts of tensors: those of this service, of a PyTorch `nn.Sequential`, or of Keras. */
export const tensorNamesSchema = z.enum(['descent', 'torch', 'keras'])
export type TensorNames = z.infer<typeof tensorNamesSchema>
