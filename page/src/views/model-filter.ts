/** The filter of the table of models, as the reader types it. */
import { readTags } from './labels-form.js'

export interface ModelFilter {
  name: string
  /** Separated by commas. */
  tags: string
  /** `key=value`, separated by commas. */
  metadata: string
}

export const noFilter: ModelFilter = { name: '', tags: '', metadata: '' }

/** The query of the list. A pair that is typed up to its key is left out, because the service would refuse it. */
export function filterQuery({ name, tags, metadata }: ModelFilter) {
  const tag = readTags(tags)
  const pairs = readTags(metadata).filter((pair) => /^[^=]+=/.test(pair))
  return {
    ...(name.trim() === '' ? {} : { name: name.trim() }),
    ...(tag.length === 0 ? {} : { tag }),
    ...(pairs.length === 0 ? {} : { metadata: pairs }),
  }
}
