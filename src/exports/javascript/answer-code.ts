/** Writes the decoding of the outputs of a network as JavaScript. */
import type { AnswerRules } from '../answer-rules.js'

/** Source of `decode(output)`, the outputs of the network to a prediction. */
export function answerCode(rules: AnswerRules): string {
  return `
const names = ${JSON.stringify(rules.names)}

/** @returns {Prediction} */
function decode(/** @type {Float32Array} */ outputs) {
  const output = Array.from(outputs)
  if (!output.every(Number.isFinite)) throw new RangeError('the output of the network is not finite')
${answerLines(rules)
  .map((line) => `  ${line}`)
  .join('\n')}
}
`
}

function answerLines({ type, positiveFrom, hasProbabilities, scaling }: AnswerRules): string[] {
  switch (type) {
    case 'number':
      if (scaling === null) return ['return { output }']
      return [
        `const offset = ${JSON.stringify(scaling.offset)}`,
        `const scale = ${JSON.stringify(scaling.scale)}`,
        'return { output: output.map((value, place) => value * scale[place] + offset[place]) }',
      ]
    case 'multiLabel':
      return [
        `const labels = names.filter((_, place) => output[place] >= ${positiveFrom})`,
        hasProbabilities
          ? `return { output, labels, probabilities: ${byName('output')} }`
          : 'return { output, labels }',
      ]
    case 'oneHot':
    case 'binary': {
      const chosen =
        positiveFrom === null
          ? 'output.indexOf(output.reduce((most, value) => Math.max(most, value)))'
          : `output[output.length - 1] >= ${positiveFrom} ? 1 : 0`
      const probabilities = type === 'binary' ? '[1 - output[0], output[0]]' : 'output'
      return [
        `const label = names[${chosen}]`,
        hasProbabilities
          ? `return { output, label, probabilities: ${byName(probabilities)} }`
          : 'return { output, label }',
      ]
    }
    default:
      return type satisfies never
  }
}

const byName = (numbers: string) =>
  `Object.fromEntries(names.map((name, place) => [name, ${numbers}[place]]))`
