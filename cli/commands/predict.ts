/** `descent predict`. */
import { openAsBlob } from 'node:fs'
import { extname } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { type Cli, connect, isStandard } from '../cli.js'
import { UsageError } from '../errors.js'

const types: Readonly<Record<string, string>> = {
  '.csv': 'text/csv',
  '.tsv': 'text/tab-separated-values',
  '.json': 'application/json',
  '.png': 'image/png',
  '.jpg': 'image/jpeg',
  '.jpeg': 'image/jpeg',
}

export const addPredict = (cli: Cli) =>
  cli.command(
    'predict <model> [file]',
    'Predict for the rows of a file, or for a picture',
    (command) =>
      command
        .positional('model', {
          type: 'string',
          demandOption: true,
          describe: 'Id, name@alias or name@version',
        })
        .positional('file', {
          type: 'string',
          default: '-',
          describe: 'CSV, TSV, JSON, PNG or JPEG file; - reads a CSV from standard input',
        })
        .option('row', {
          type: 'array',
          string: true,
          describe: 'Values of one row by position: --row 5.1,3.5,1.4,0.2',
        })
        .example('$0 predict mdl_… rows.csv > predictions.csv', 'Add predictions to a CSV'),
    async (options) => {
      const { model, file, row, json } = options
      const client = connect(options)
      const path = { id: model }
      const response =
        row === undefined
          ? await client.response('POST /models/{id}/predict', {
              path,
              body: await readBody(file),
              headers: { accept: json ? 'application/json' : 'text/csv' },
            })
          : await client.response('GET /models/{id}/predict', { path, query: { x: row.map(String) } })
      if (response.body === null) return
      for await (const chunk of response.body) process.stdout.write(chunk)
      if (response.headers.get('content-type')?.startsWith('application/json')) process.stdout.write('\n')
    },
  )

async function readBody(file: string): Promise<Blob> {
  if (isStandard(file)) return new Blob([new Uint8Array(await buffer(process.stdin))], { type: 'text/csv' })
  const type = types[extname(file).toLowerCase()]
  if (type === undefined) {
    throw new UsageError(`${file} has no known ending. Known: ${Object.keys(types).join(', ')}.`)
  }
  return openAsBlob(file, { type }).catch((error: Error) => {
    throw new UsageError(`${file} cannot be read: ${error.message}`)
  })
}
