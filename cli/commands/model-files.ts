/** `descent export` and `descent import`. */
import { createWriteStream, openAsBlob } from 'node:fs'
import { basename } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { type Cli, connect, isStandard, note, print } from '../cli.js'
import { UsageError } from '../errors.js'

const formats = ['safetensors', 'pytorch', 'onnx', 'javascript', 'c', 'tfjs'] as const

export const addExport = (cli: Cli) =>
  cli.command(
    'export <model>',
    'Save a model as a file of another program',
    (command) =>
      command
        .positional('model', {
          type: 'string',
          demandOption: true,
          describe: 'Id, name@alias or name@version',
        })
        .option('format', { choices: formats, demandOption: true, describe: 'Format of the file' })
        .option('output', {
          alias: 'o',
          type: 'string',
          describe: 'Name of the file; - writes standard output',
        }),
    async ({ model, format, output, ...options }) => {
      const response = await connect(options).models.export(model, { format })
      if (response.body === null) throw new Error('The service sent no file.')
      const body = Readable.fromWeb(response.body)
      if (output !== undefined && isStandard(output)) return pipeline(body, process.stdout, { end: false })
      const name = output ?? givenName(response.headers.get('content-disposition')) ?? `${model}.${format}`
      await pipeline(body, createWriteStream(name))
      print(options, { file: name }, () => `${name} is written.`)
    },
  )

/** The name of the file without folders, which a service could use to write elsewhere. */
function givenName(disposition: string | null): string | undefined {
  const [, name] = /filename="([^"]+)"/.exec(disposition ?? '') ?? []
  return name === undefined ? undefined : basename(name)
}

export const addImport = (cli: Cli) =>
  cli.command(
    'import <file>',
    'Import a model from a safetensors or ONNX file',
    (command) =>
      command
        .positional('file', { type: 'string', demandOption: true, describe: 'The file' })
        .option('name', { type: 'string', describe: 'Name of the model' })
        .option('network', {
          type: 'string',
          describe: 'Layers as JSON, for a safetensors file of another program',
        })
        .option('classes', { type: 'string', describe: 'Names of the classes as a JSON list' }),
    async ({ file, name, network, classes, ...options }) => {
      const blob = await openAsBlob(file).catch((error: Error) => {
        throw new UsageError(`${file} cannot be read: ${error.message}`)
      })
      const source = new File([blob], basename(file))
      const model = await connect(options).models.import(source, { name, network, classes })
      if (!options.json) note(`${model.parameters} parameters`)
      print(options, model, () => model.id)
    },
  )
