/** Uploads a file as a dataset. */
import { openAsBlob } from 'node:fs'
import { basename } from 'node:path'
import type { Descent, Schemas } from '../sdk/src/index.js'
import { note } from './cli.js'

interface Reading {
  name?: string | undefined
  target?: string | undefined
}

/** The dataset, after its warnings were printed. The file is read as it is sent. */
export async function uploadFile(
  client: Descent,
  file: string,
  { name, target }: Reading,
): Promise<Schemas['Dataset']> {
  const source = [new File([await openAsBlob(file)], basename(file))]
  const dataset = await client.datasets.upload(source, {
    name: name ?? basename(file).replace(/(\.\w+)+$/, ''),
    ...(target === undefined ? {} : { target }),
  })
  for (const { message } of dataset.warnings) note(`Note: ${message}`)
  return dataset
}
