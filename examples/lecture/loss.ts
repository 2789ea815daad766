/** Squared error and cross-entropy of a sigmoid unit. */
import { type Controls, demonstration } from './demonstration.js'
import type { Chart, Position } from './plot.js'
import { short } from './statistics.js'

const sigmoid = (z: number) => 1 / (1 + Math.exp(-z))

/** For the target 1: the loss, and its derivative by the sum z of the unit. */
const losses = {
  squaredError: {
    name: 'squared error ½(1 − ŷ)²',
    value: (z: number) => (1 - sigmoid(z)) ** 2 / 2,
    slope: (z: number) => -sigmoid(z) * (1 - sigmoid(z)) ** 2,
  },
  crossEntropy: {
    name: 'cross-entropy −ln ŷ',
    value: (z: number) => Math.log1p(Math.exp(-z)),
    slope: (z: number) => sigmoid(z) - 1,
  },
} as const
type Loss = (typeof losses)[keyof typeof losses]

interface Figures {
  /** The sum z at which the unit starts. */
  start: number
  gradients: { squaredError: number; crossEntropy: number }
  /** Largest difference of a slope and a difference quotient. */
  difference: number
}

const step = 1e-5

function measured(start: number): Figures {
  const quotient = ({ value }: Loss) => (value(start + step) - value(start - step)) / (2 * step)
  const { squaredError, crossEntropy } = losses
  return {
    start,
    gradients: { squaredError: -squaredError.slope(start), crossEntropy: -crossEntropy.slope(start) },
    difference: Math.max(
      ...[squaredError, crossEntropy].map((loss) => Math.abs(loss.slope(start) - quotient(loss))),
    ),
  }
}

/** Both gradients of a unit that gives the right answer less than 5 %. */
const isShown = ({ gradients, difference }: Figures) =>
  gradients.crossEntropy > 0.95 && gradients.squaredError < 0.05 && difference < 1e-8

const sums = Array.from({ length: 121 }, (_, index) => (index - 80) / 10)

function chart(title: string, y: string, of: (loss: Loss) => (z: number) => number): Chart {
  return {
    type: 'chart',
    title,
    x: { label: 'sum z of the unit (target 1)' },
    y: { label: y },
    series: Object.values(losses).map((loss) => ({
      label: loss.name,
      points: sums.map((z): Position => [z, of(loss)(z)]),
    })),
  }
}

const controls = {
  start: { label: 'sum z of the unit', values: [-8, -6, -4, -3], initial: -6 },
} satisfies Controls

export const loss = demonstration<Figures, typeof controls>({
  title: 'The loss',
  claim:
    'A unit that is certain and wrong gets a full gradient from cross-entropy, and almost none from squared error.',
  formula: ['{∂L_{CE}}/{∂z} = ŷ − y', '{∂L_{SE}}/{∂z} = ( ŷ − y ) ŷ ( 1 − ŷ )'],
  notice:
    'On the left, the unit is certain and wrong. The squared error is flat there: the factor ŷ(1 − ŷ) goes to 0.',
  reference: {
    text: 'Solla, Levin and Fleisher, Accelerated learning in layered neural networks, 1988',
    url: 'https://www.complex-systems.com/abstracts/v02_i06_a01/',
  },
  controls,
  assertion:
    'Where the output is below 0.05 and the target 1, the gradient of cross-entropy is above 0.95, and that of the ' +
    'squared error below 0.05. Both equal difference quotients within 10⁻⁸.',
  measure: async (_, { start }) => measured(start),
  holds: isShown,
  show({ start, gradients, difference }) {
    const ratio = gradients.crossEntropy / gradients.squaredError
    return {
      summary: `At z = ${start} the output is ${short(sigmoid(start))}. Gradient of cross-entropy: ${short(gradients.crossEntropy)}, of the squared error: ${short(gradients.squaredError)}, a factor of ${short(ratio)}. Largest difference to a difference quotient: ${short(difference)}.`,
      plots: [
        chart('Loss', 'loss', ({ value }) => value),
        chart(
          'Size of the gradient',
          '|∂L/∂z|',
          ({ slope }) =>
            (z) =>
              -slope(z),
        ),
      ],
    }
  },
  async *attack() {
    for (const start of [-12, -10, -7, -5, -3.5, -2.95]) {
      const figures = measured(start)
      const { crossEntropy, squaredError } = figures.gradients
      yield {
        change: `start at z = ${start}`,
        figure: `${short(crossEntropy)} and ${short(squaredError)}`,
        isOverturned: !isShown(figures),
      }
    }
  },
})
