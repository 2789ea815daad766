/** Which of several NumPy arrays are the features and which the labels, by their names. */
import { type ArrayFile, widthOf } from './array-file.js'
import type { Arrays } from './arrays.js'
import { invalid, quoted } from './limits.js'

const labelNames =
  /^(y|labels?|targets?|classes)([_.-]?train(ing)?)?$|^train(ing)?[_.-](y|labels?|targets?)$/i
const heldOutNames = /(^|[_.-])(test|val|valid|validation)([_.-]|$)/i

/**
 * One array is the features; of two, the one called y, label(s) or target(s) has the labels; arrays for testing are left out.
 * `chosen` names the features, and behind them the labels, instead.
 * @throws DatasetError naming the arrays when it is not clear which to take
 */
export function pairArrays(files: readonly ArrayFile[], chosen: readonly string[] | undefined): Arrays {
  if (chosen !== undefined) {
    const [features, labels] = chosen.map((name) => {
      const found = files.find((file) => file.name === name)
      if (found === undefined)
        throw invalid(`there is no array ${quoted(name)}; the arrays are ${namesOf(files)}`)
      return found
    })
    return arraysOf(features, labels, [])
  }
  const used = files.filter(({ name }) => !heldOutNames.test(name))
  const labels = used.filter(({ name }) => labelNames.test(name))
  const features = used.filter(({ name }) => !labelNames.test(name))
  if (features.length !== 1 || labels.length > 1) {
    throw invalid(
      `the arrays are ${namesOf(files)}: say which are features and labels, as in ?arrays=x,y, or name them x and y`,
    )
  }
  const warnings =
    used.length === files.length
      ? []
      : [
          `Only the arrays ${namesOf([...features, ...labels])} were read; ?arrays= chooses others of ${namesOf(files)}.`,
        ]
  return arraysOf(features[0], labels.at(0), warnings)
}

function arraysOf(features: ArrayFile, labels: ArrayFile | undefined, warnings: string[]): Arrays {
  // Counting from 0, integers beside pictures and tables of numbers are nearly always classes.
  const labelsAreClasses = labels !== undefined && !labels.type.startsWith('float') && widthOf(labels) === 1
  return { features, labels, labelsAreClasses, warnings }
}

function namesOf(files: readonly ArrayFile[]): string {
  const names = files.slice(0, 10).map(({ name }) => quoted(name))
  return names.join(', ') + (files.length > 10 ? ', …' : '')
}
