/** One C99 file without dynamic memory, with the weights inside. */
import type { Weights } from '../../engine/index.js'
import { answerRules } from '../answer-rules.js'
import type { ExportableModel, ExportedFile, Exporter, ExportOptions } from '../exporter.js'
import { networkSteps } from '../network-steps.js'
import { parameterRefusal } from '../parameter-limit.js'
import { answerCode } from './answer-code.js'
import { identifier, stringLiteral } from './literals.js'
import { networkCode } from './network-code.js'
import { rowCode } from './row-code.js'

/** About 12 MB of source, which GCC compiles in seconds. */
export const maximumParameters = 1_000_000

export const cExporter: Exporter = {
  refusal: (model) => parameterRefusal('c', model, maximumParameters),
  write: writeSource,
}

/** The prefix of all external names. */
export const namePrefix = ({ name }: Pick<ExportableModel, 'name'>) => identifier(name ?? '', 'model')

function writeSource(
  model: ExportableModel,
  weights: Weights,
  { preprocessing }: ExportOptions,
): ExportedFile {
  const prefix = namePrefix(model)
  const steps = networkSteps(model)
  const network = networkCode(prefix, steps, weights)
  const compute = `
/* outputs[${steps.outputs}] of the network for inputs[${steps.inputs}]. Returns 0, or -1 when an output is not finite. */
int ${prefix}_compute(const float *inputs, float *outputs);
`
  const includes = '#include <math.h>\n#include <stddef.h>\n#include <string.h>\n'
  const parts = preprocessing ? withRows(prefix, model, steps) : { declarations: '', definitions: '' }
  const code = [header(model), includes, parts.declarations, compute, network, parts.definitions].join('\n')
  return { name: `${model.id}.c`, mediaType: 'text/x-c', bytes: Buffer.from(code) }
}

function header({ id, name }: ExportableModel): string {
  const title = (name === null ? id : `${stringLiteral(name)}, ${id}`)
    .replaceAll('*/', '* /')
    .replaceAll('/*', '/ *')
  return `/*
 * The model ${title}, from Descent. C99 and the mathematics library (-lm).
 * All memory is static, so only one prediction may run at a time. Sums are in float.
 */`
}

function withRows(
  prefix: string,
  model: ExportableModel,
  { inputs, outputs }: { inputs: number; outputs: number },
): { declarations: string; definitions: string } {
  const { coding, network } = model
  const row = rowCode(coding, network.inputShape ?? [])
  const answer = answerCode(answerRules(model), outputs)
  const hasDates = coding.features.some(({ type }) => type === 'date')
  const days = `
/* Days since 1970-01-01 of a date of the Gregorian calendar, such as (2024, 1, 31). */
double ${prefix}_days(int year, int month, int day);
`
  const declarations = `/* Raw values of one row. */
struct ${prefix}_row {
${row.fields.join('\n')}
};

struct ${prefix}_prediction {
${answer.fields.join('\n')}
};

/*
 * Returns 0, the number of the column (from 1) that is missing without an imputation or cannot be encoded, or -1 when
 * an output is not finite.
 */
int ${prefix}_predict(const struct ${prefix}_row *row, struct ${prefix}_prediction *prediction);
${hasDates ? days : ''}`
  const definitions = `${[...row.helpers, ...answer.constants].join('\n')}
static float row_inputs[${inputs}];
static float row_outputs[${outputs}];

static int encode(const struct ${prefix}_row *row, float *inputs) {
${row.lines.join('\n')}
  return 0;
}

static void decode(const float *outputs, struct ${prefix}_prediction *prediction) {
  int i;
${answer.lines.join('\n')}
}

int ${prefix}_predict(const struct ${prefix}_row *row, struct ${prefix}_prediction *prediction) {
  const int column = encode(row, row_inputs);
  if (column != 0) return column;
  if (${prefix}_compute(row_inputs, row_outputs) != 0) return -1;
  decode(row_outputs, prediction);
  return 0;
}
${hasDates ? daysFunction(prefix) : ''}`
  return { declarations, definitions }
}

const daysFunction = (prefix: string) => `
double ${prefix}_days(int year, int month, int day) {
  const long shifted = month > 2 ? year : (long)year - 1;
  const long era = (shifted >= 0 ? shifted : shifted - 399) / 400;
  const long of_era = shifted - era * 400;
  const long of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
  return (double)(era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468);
}
`
