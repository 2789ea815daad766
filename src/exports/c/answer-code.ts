/** Writes the decoding of the outputs of a network as C99. */
import type { AnswerRules } from '../answer-rules.js'
import { doubleLiteral } from './literals.js'
import { stringsCode } from './row-code.js'

interface AnswerCode {
  /** The fields of `struct <name>_prediction`. */
  fields: string[]
  constants: string[]
  /** Statements that write `prediction` from `outputs`. */
  lines: string[]
}

export function answerCode(rules: AnswerRules, outputs: number): AnswerCode {
  const { type, names, scaling, positiveFrom } = rules
  switch (type) {
    case 'number':
      return numbers(scaling, outputs)
    case 'multiLabel':
      return {
        fields: [
          `  float output[${outputs}]; /* in the order of the targets */`,
          `  int labels[${outputs}]; /* 1 where the target is predicted as true */`,
        ],
        constants: [],
        lines: [
          `  for (i = 0; i < ${outputs}; i++) {`,
          '    prediction->output[i] = outputs[i];',
          `    prediction->labels[i] = (double)outputs[i] >= ${doubleLiteral(positiveFrom ?? 0)};`,
          '  }',
        ],
      }
    case 'oneHot':
    case 'binary':
      return classes(rules, names, outputs)
    default:
      return type satisfies never
  }
}

function numbers(scaling: AnswerRules['scaling'], outputs: number): AnswerCode {
  const table = (name: string, values: number[]) =>
    `static const double ${name}[${outputs}] = {${values.map(doubleLiteral).join(', ')}};`
  const value = scaling === null ? 'outputs[i]' : 'outputs[i] * target_scales[i] + target_offsets[i]'
  return {
    fields: [`  double output[${outputs}]; /* in the unit of the target */`],
    constants:
      scaling === null
        ? []
        : [table('target_offsets', scaling.offset), table('target_scales', scaling.scale)],
    lines: [`  for (i = 0; i < ${outputs}; i++) prediction->output[i] = ${value};`],
  }
}

function classes(
  { type, hasProbabilities, positiveFrom }: AnswerRules,
  names: readonly string[],
  outputs: number,
): AnswerCode {
  const chosen =
    positiveFrom === null
      ? [
          '  prediction->class_index = 0;',
          `  for (i = 1; i < ${outputs}; i++)`,
          '    if (outputs[i] > outputs[prediction->class_index]) prediction->class_index = i;',
        ]
      : [`  prediction->class_index = (double)outputs[${outputs - 1}] >= ${doubleLiteral(positiveFrom)};`]
  const probabilities =
    type === 'binary'
      ? [
          '  prediction->probabilities[0] = 1.0f - outputs[0];',
          '  prediction->probabilities[1] = outputs[0];',
        ]
      : [`  for (i = 0; i < ${names.length}; i++) prediction->probabilities[i] = outputs[i];`]
  return {
    fields: [
      `  float output[${outputs}];`,
      '  const char *label; /* the predicted class */',
      '  int class_index; /* its index among the classes */',
      ...(hasProbabilities
        ? [`  float probabilities[${names.length}]; /* in the order of the classes */`]
        : []),
    ],
    constants: [stringsCode('classes', names)],
    lines: [
      `  for (i = 0; i < ${outputs}; i++) prediction->output[i] = outputs[i];`,
      ...chosen,
      '  prediction->label = classes[prediction->class_index];',
      ...(hasProbabilities ? probabilities : []),
    ],
  }
}
