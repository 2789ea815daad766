/** Back-propagation on a tiny network: its gradients equal difference quotients. */
import { seededRandom } from '../../src/datasets/random.js'
import { type Controls, demonstration } from './demonstration.js'
import { short } from './statistics.js'
import {
  type Backward,
  backward,
  differenceQuotients,
  type Example,
  type Forward,
  forward,
  weightNames,
} from './tiny-network.js'

export interface Propagated {
  example: Example
  weights: readonly number[]
  values: Forward
  errors: Backward
  quotients: readonly number[]
  /** The loss after one step w ← w − ηg. */
  lossAfterStep: number
}

const rate = 0.5

function propagated(weights: readonly number[], example: Example): Propagated {
  const values = forward(weights, example)
  const errors = backward(weights, example, values)
  const moved = weights.map((weight, index) => weight - rate * errors.gradient[index])
  return {
    example,
    weights,
    values,
    errors,
    quotients: differenceQuotients(weights, example),
    lossAfterStep: forward(moved, example).loss,
  }
}

/** Round numbers, so that each product is checked by hand. */
const shownWeights = [0.5, -0.4, 0.1, -0.3, 0.8, -0.2, 0.7, -0.6, 0.2]

/** Weights from −1 to 1 with one decimal. */
function drawnWeights(seed: number): number[] {
  const random = seededRandom(seed)
  return weightNames.map(() => Math.round(20 * random.uniform() - 10) / 10)
}

const largestDifference = ({ errors, quotients }: Propagated) =>
  Math.max(...errors.gradient.map((value, index) => Math.abs(value - quotients[index])))

const isShown = (each: Propagated) => largestDifference(each) < 1e-8 && each.lossAfterStep < each.values.loss

const controls = {
  x1: { label: 'x₁', values: [-1, 0, 0.5, 1, 2], initial: 1 },
  x2: { label: 'x₂', values: [-1, 0, 0.5, 1, 2], initial: 0.5 },
  target: { label: 'target y', values: [0, 1], initial: 1 },
} satisfies Controls

interface Figures {
  shown: Propagated
  /** With drawn weights, one for each seed. */
  drawn: Propagated[]
}

export const backPropagation = demonstration<Figures, typeof controls>({
  title: 'Back-propagation',
  claim:
    'One backward pass gives the derivative of the loss by every weight: the products of the factors on its paths.',
  formula: [
    '{∂L}/{∂v_i} = δ h_i , δ = ( ŷ − y ) σ′ ( s )',
    '{∂L}/{∂w_{i j}} = δ_i x_j , δ_i = δ v_i tanh′ ( z_i )',
  ],
  notice:
    'Each edge carries a factor of the chain rule. A delta is computed once, and serves all weights before it: that is ' +
    'why the backward pass costs as little as the forward pass.',
  reference: {
    text: 'Linnainmaa, Taylor expansion of the accumulated rounding error, 1976; Rumelhart, Hinton and Williams, 1986',
    url: 'https://doi.org/10.1038/323533a0',
  },
  controls,
  assertion:
    'For each seed that draws weights, the nine derivatives equal difference quotients of the loss within 10⁻⁸, and a ' +
    'step against the gradient lowers the loss.',
  async measure(_, { x1, x2, target }, seeds) {
    const example: Example = { inputs: [x1, x2], target }
    return {
      shown: propagated(shownWeights, example),
      drawn: seeds.map((seed) => propagated(drawnWeights(seed), example)),
    }
  },
  holds: ({ shown, drawn }) => [shown, ...drawn].every(isShown),
  show({ shown, drawn }) {
    const { values, errors, weights, quotients, lossAfterStep } = shown
    return {
      summary: `Loss ${short(values.loss)}, after one step with rate ${rate}: ${short(lossAfterStep)}. Largest difference to a difference quotient over ${drawn.length + 1} networks: ${short(Math.max(...[shown, ...drawn].map(largestDifference)))}.`,
      plots: [
        { type: 'network', title: 'The network, step by step', network: shown },
        {
          type: 'table',
          title: 'Derivatives of the loss',
          heads: ['weight', 'value', 'back-propagation', 'difference quotient'],
          rows: weightNames.map((name, index) => [
            name,
            short(weights[index]),
            errors.gradient[index].toFixed(7),
            quotients[index].toFixed(7),
          ]),
        },
      ],
    }
  },
  async *attack() {
    for (const target of controls.target.values) {
      for (const x1 of controls.x1.values) {
        const inputs = [-3, -1, 0, 0.5, 2, 5]
        const tried = inputs.flatMap((x2) =>
          Array.from({ length: 20 }, (_, index) =>
            propagated(drawnWeights(1_101 + index), { inputs: [x1, x2], target }),
          ),
        )
        const largest = Math.max(...tried.map(largestDifference))
        const change = `x₁ = ${x1}, target ${target}, six x₂, 20 seeds`
        yield { change, figure: `largest difference ${short(largest)}`, isOverturned: !tried.every(isShown) }
      }
    }
  },
})
