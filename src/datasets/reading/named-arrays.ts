/** Selects the features and labels among several NumPy arrays by name. */
import { type ArrayFile, rowWidth } from './array-file.js'
import type { Arrays } from './arrays.js'
import { invalid, quoted } from './limits.js'

const labelNames =
  /^(y|labels?|targets?|classes)([_.-]?train(ing)?)?$|^train(ing)?[_.-](y|labels?|targets?)$/i
const heldOutNames = /(^|[_.-])(test|val|valid|validation)([_.-]|$)/i

/**
 * A single array is the features. Of two, the one called y, label(s) or target(s) is the labels. Skips test
 * arrays.
 * @param chosen the names of the features and the labels, in place of this rule
 * @throws DatasetError naming the arrays when the choice is ambiguous
 */
export function pairArrays(files: readonly ArrayFile[], chosen: readonly string[] | undefined): Arrays {
  if (chosen !== undefined) {
    const [features, labels] = chosen.map((name) => {
      const array = files.find((file) => file.name === name)
      if (array === undefined)
        throw invalid(`there is no array ${quoted(name)}; the arrays are ${listArrayNames(files)}`)
      return array
    })
    return createArrays(features, labels, [])
  }
  const used = files.filter(({ name }) => !heldOutNames.test(name))
  const labels = used.filter(({ name }) => labelNames.test(name))
  const features = used.filter(({ name }) => !labelNames.test(name))
  if (features.length !== 1 || labels.length > 1) {
    throw invalid(
      `the arrays are ${listArrayNames(files)}: select features and labels, as in ?arrays=x,y, or name them x and y`,
    )
  }
  const warnings =
    used.length === files.length
      ? []
      : [
          `Only the arrays ${listArrayNames([...features, ...labels])} were read; ?arrays= selects others of ${listArrayNames(files)}.`,
        ]
  return createArrays(features[0], labels.at(0), warnings)
}

function createArrays(features: ArrayFile, labels: ArrayFile | undefined, warnings: string[]): Arrays {
  // Integer labels are nearly always classes.
  const labelsAreClasses = labels !== undefined && !labels.type.startsWith('float') && rowWidth(labels) === 1
  return { features, labels, labelsAreClasses, warnings }
}

function listArrayNames(files: readonly ArrayFile[]): string {
  const names = files.slice(0, 10).map(({ name }) => quoted(name))
  return names.join(', ') + (files.length > 10 ? ', …' : '')
}
