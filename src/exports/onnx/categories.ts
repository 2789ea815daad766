/** Categories as nodes. */
import type { FeatureCoding } from '../../contract/dataset.js'
import { toMissingTexts } from '../../datasets/missing-text.js'
import { type GraphBuilder, int, ints, mlDomain, texts, type Value } from './graph-builder.js'
import { int64s } from './tensors.js'

type CategoryCoding = Extract<FeatureCoding, { type: 'category' }>

/** The index of a text that is encoded as zeros. */
const noCategory = -1

/** One-hot columns, float32 [N, categories]. @param value texts, [N, 1] */
export function addCategories(graph: GraphBuilder, feature: CategoryCoding, value: Value): Value {
  const indexes = [...categoryIndexes(feature)]
  const index = graph.node('LabelEncoder', [value], {
    domain: mlDomain,
    attributes: {
      keys_strings: texts(indexes.map(([text]) => text)),
      values_int64s: ints(indexes.map(([, position]) => position)),
      default_int64: int(noCategory),
    },
  })
  const places = int64s([...feature.categories.keys()], [1, feature.categories.length])
  return graph.cast(graph.node('Equal', [index, graph.constant('categories', places)]), 'float32')
}

/**
 * The index of each known text. Missing texts have that of the imputation, in lower case, in upper case and with a capital
 * letter. A category that no training row has is encoded as zeros.
 */
function categoryIndexes(feature: CategoryCoding): Map<string, number> {
  const { categories, unseen = [], imputation } = feature
  const untrained = new Set(unseen)
  const positions = new Map(
    categories.map((category, index) => [category, untrained.has(category) ? noCategory : index]),
  )
  const fill = imputation === undefined ? noCategory : (positions.get(imputation) ?? noCategory)
  for (const text of ['', ...toMissingTexts(feature.missingTexts)]) {
    const capital = text.slice(0, 1).toUpperCase() + text.slice(1)
    for (const spelling of [text, text.toUpperCase(), capital]) {
      if (!positions.has(spelling)) positions.set(spelling, fill)
    }
  }
  return positions
}
