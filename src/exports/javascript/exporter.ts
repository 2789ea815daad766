/** One ES module without dependencies, with the weights inside. */
import { runInNewContext } from 'node:vm'
import type { Weights } from '../../engine/index.js'
import { answerRules } from '../answer-rules.js'
import { type ExportedAnswer, firstDifference, tolerance } from '../compare.js'
import type { ExportableModel, ExportedFile, Exporter, ExportOptions } from '../exporter.js'
import { networkSteps } from '../network-steps.js'
import { parameterRefusal } from '../parameter-limit.js'
import { answerCode } from './answer-code.js'
import { networkCode } from './network-code.js'
import { rowCode } from './row-code.js'

/** In base64, about 5 MB of text, which a browser parses in some 100 ms. */
export const maximumParameters = 1_000_000

export const javascriptExporter: Exporter = {
  refusal: (model) => parameterRefusal('javascript', model, maximumParameters),
  write: writeModule,
  verify: async (file, model, expected, options) => {
    const run = loadModule(file)
    const answers = expected.map(({ row, inputs }) => run(options.preprocessing ? row : inputs))
    return firstDifference(model, expected, options, answers)
  },
}

function writeModule(
  model: ExportableModel,
  weights: Weights,
  { preprocessing }: ExportOptions,
): ExportedFile {
  const steps = networkSteps(model)
  const code = [
    header(model, preprocessing),
    networkCode(steps, weights),
    ...(preprocessing ? [rowCode(model.coding), answerCode(answerRules(model)), rowPredict] : [plainPredict]),
    exportLine(preprocessing),
  ]
  return { name: `${model.id}.mjs`, mediaType: 'text/javascript', bytes: Buffer.from(code.join('\n')) }
}

const exportLine = (preprocessing: boolean) =>
  preprocessing ? 'export { columns, compute, encode, predict }\n' : 'export { compute, predict }\n'

/** Comments must not end early by a name. */
const inComment = (text: string) => JSON.stringify(text).replaceAll('*/', '* /')

function header({ id, name }: ExportableModel, preprocessing: boolean): string {
  const title = name === null ? id : `${inComment(name)}, ${id}`
  const types = preprocessing ? rowTypes : ''
  return `/**
 * The model ${title}, from Descent.
 * Every layer stores float32, and its sums are in float64. The numbers of the service differ by at most ${tolerance} of the
 * larger of 1 and the largest output, in units of the network.
 */
${types}`
}

const rowTypes = `/** @typedef {number | string | boolean | null} Cell null is a missing value */
/** @typedef {readonly Cell[] | Readonly<Record<string, Cell>>} Row raw values in the order of \`columns\`, or by name */
/**
 * @typedef {object} Prediction
 * @property {number[]} output numbers are in the unit of the target
 * @property {string} [label] the predicted class
 * @property {string[]} [labels] of several boolean targets, those predicted as true
 * @property {Record<string, number>} [probabilities] by class, or by target
 */
`

const rowPredict = `
/**
 * Answers as POST /models/{id}/predict does for one row, without warnings.
 * @param {Row} row
 * @returns {Prediction}
 * @throws {RangeError} naming the column that cannot be encoded
 */
function predict(row) {
  return decode(compute(encode(row)))
}
`

const plainPredict = `
/**
 * The outputs of the network.
 * @param {ArrayLike<number>} inputs the numbers that the network reads
 * @returns {{ output: number[] }}
 */
function predict(inputs) {
  return { output: Array.from(compute(inputs)) }
}
`

/** Longer than any module within the limit takes for one row. */
const verificationTimeout = 60_000

/**
 * Evaluates the module in a separate context, without the cache of imported modules, which is never released.
 * @throws Error when the module does not compile
 */
export function loadModule({ bytes }: ExportedFile): (row: unknown) => ExportedAnswer {
  const text = Buffer.from(bytes).toString()
  const end = text.lastIndexOf('\nexport {')
  return runInNewContext(`${text.slice(0, end)}\npredict`, {}, { timeout: verificationTimeout })
}
