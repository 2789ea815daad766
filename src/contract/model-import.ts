/** The fields beside the file of an imported model. Each is optional if the file has what it says. */
import { z } from 'zod'
import { codingSchema } from './dataset.js'
import { lossSchema, networkSchema } from './network.js'
import { text } from './text.js'

const columnName = text(200).min(1)
const columnNames = (noun: string) =>
  z
    .array(columnName)
    .min(1)
    .refine((names) => new Set(names).size === names.length, { error: `must not have a ${noun} twice` })

export const modelImportSchema = z
  .strictObject({
    name: text(200).min(1).optional(),
    network: networkSchema
      .optional()
      .describe(
        'layers and `inputShape`; required for a safetensors file that this service did not write, and refused for ONNX',
      ),
    loss: lossSchema
      .optional()
      .describe(
        'loss that the network was trained with. Default: that of the file, or the usual one of the last activation',
      ),
    columns: columnNames('column')
      .optional()
      .describe('names of the inputs, which the network takes as they are. Default: x1, x2, …'),
    targets: columnNames('target')
      .optional()
      .describe('names of what the network predicts: one for each output, or one with `classes`. Default: y'),
    classes: columnNames('class').optional().describe('names of the classes in the order of the outputs'),
    coding: codingSchema
      .optional()
      .describe(
        'how raw rows become inputs, as in the `coding` of a model; instead of `columns`, `targets` and `classes`',
      ),
  })
  .superRefine(({ coding, columns, targets, classes }, { addIssue }) => {
    const beside = Object.entries({ columns, targets, classes }).flatMap(([name, value]) =>
      value === undefined ? [] : [name],
    )
    if (coding === undefined || beside.length === 0) return
    const [first = ''] = beside
    const message = 'is part of the coding already: send either this or coding'
    addIssue({ code: 'custom', path: [first], message })
  })
export type ModelImport = z.infer<typeof modelImportSchema>

/** Fields that are JSON in the form. The others are plain text. */
export const jsonFields = ['network', 'columns', 'targets', 'classes', 'coding'] as const

/** A form as OpenAPI describes it. */
export const modelFormSchema = z
  .object({
    file: z.unknown().meta({
      type: 'string',
      format: 'binary',
      description: 'a safetensors or ONNX file, recognized by its content',
    }),
    ...Object.fromEntries(
      Object.entries(modelImportSchema.shape).map(([name, field]) => [
        name,
        z.string().optional().describe(describeField(name, field.description)),
      ]),
    ),
  })
  .meta({ description: 'An imported model' })

function describeField(name: string, description = 'name of the model'): string {
  return jsonFields.some((each) => each === name) ? `JSON: ${description}` : description
}

/** The metadata of a file that this service exported, after its JSON is parsed. */
export const exportedMetadataSchema = z.object({
  name: modelImportSchema.shape.name,
  loss: lossSchema.optional(),
  threshold: z.coerce.number().min(0).max(1).optional(),
  network: networkSchema.optional(),
  coding: codingSchema.optional(),
})
export type ExportedMetadata = z.infer<typeof exportedMetadataSchema>
