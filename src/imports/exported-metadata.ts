/** Reads the metadata that this service writes to its exports. Other programs may have changed it. */
import { scanJson } from '../base/scan-json.js'
import { type ExportedMetadata, exportedMetadataSchema } from '../contract/model-import.js'
import { quoted, refuse } from './refuse.js'

/** Brackets and commas, which bound the values that JSON.parse creates. */
const maximumMarks = 400_000
const maximumDepth = 16
const [list, object, comma] = [...'[{,'].map((character) => character.charCodeAt(0))

/** @throws Problem `invalid-model` if an entry of this service is not what it writes */
export function readMetadata(metadata: ReadonlyMap<string, string>): ExportedMetadata {
  // Files of other programs may have entries of these names with another meaning.
  if (!metadata.has('model') || !metadata.has('coding')) return {}
  const texts = {
    name: metadata.get('name'),
    loss: metadata.get('loss'),
    threshold: metadata.get('threshold'),
  }
  const result = exportedMetadataSchema.safeParse({
    ...texts,
    network: parseJson(metadata, 'network'),
    coding: parseJson(metadata, 'coding'),
  })
  if (result.success) return result.data
  const [{ path, message }] = result.error.issues
  throw refuse(
    `The metadata ${quoted(path.join('.'))} is not what this service writes: ${message}. Download the model again.`,
  )
}

function parseJson(metadata: ReadonlyMap<string, string>, name: string): unknown {
  const text = metadata.get(name)
  if (text === undefined) return undefined
  if (countMarks(text) > maximumMarks || scanJson(text, maximumDepth).tooDeep) {
    throw refuse(
      `The metadata ${quoted(name)} has more than ${maximumMarks} values or ${maximumDepth} levels.`,
    )
  }
  try {
    return JSON.parse(text)
  } catch (error) {
    throw refuse(
      `The metadata ${quoted(name)} is not JSON: ${error instanceof Error ? error.message : error}.`,
    )
  }
}

function countMarks(text: string): number {
  let count = 0
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index)
    if (code === list || code === object || code === comma) count += 1
  }
  return count
}
