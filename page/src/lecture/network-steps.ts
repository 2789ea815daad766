/** The steps of back-propagation through the tiny network: what is computed, and what the drawing shows from then on. */
import type { Propagated } from '../../../examples/lecture/back-propagation.js'

/** Three decimals, with a real minus sign. */
export const decimal = (value: number) => String(Number(value.toFixed(3))).replace('-', '−')

const product = (value: number) => (value < 0 ? `(${decimal(value)})` : decimal(value))

interface NetworkStep {
  title: string
  lines: string[]
}

/** In the order of the computation. A number of the drawing appears with the step that computes it. */
export function networkSteps(network: Propagated): NetworkStep[] {
  const { example, weights, values, errors, quotients, lossAfterStep } = network
  const [x1, x2] = example.inputs
  const [w11 = 0, w12 = 0, b1 = 0, w21 = 0, w22 = 0, b2 = 0, v1 = 0, v2 = 0, c = 0] = weights
  const [z1, z2] = values.sums
  const [h1, h2] = values.hidden
  const { outputError, outputSlope, outputDelta, slopes, deltas, gradient } = errors
  const sum = (name: string, w: number, u: number, b: number, z: number) =>
    `${name} = ${decimal(w)} · ${product(x1)} + ${product(u)} · ${product(x2)} + ${product(b)} = ${decimal(z)}`
  const weightLine = (names: readonly string[], delta: string, from: number) =>
    names.map((name, index) => `∂L/∂${name} = ${delta} = ${decimal(gradient[from + index] ?? 0)}`)
  return [
    {
      title: 'The example',
      lines: [`x₁ = ${decimal(x1)}, x₂ = ${decimal(x2)}, target y = ${example.target}`],
    },
    {
      title: 'Forward: the sums of the hidden units',
      lines: [sum('z₁', w11, w12, b1, z1), sum('z₂', w21, w22, b2, z2)],
    },
    {
      title: 'Forward: the hidden units',
      lines: [`h₁ = tanh ${product(z1)} = ${decimal(h1)}`, `h₂ = tanh ${product(z2)} = ${decimal(h2)}`],
    },
    {
      title: 'Forward: the output',
      lines: [
        `s = ${decimal(v1)} · ${product(h1)} + ${product(v2)} · ${product(h2)} + ${product(c)} = ${decimal(values.sum)}`,
        `ŷ = σ(${decimal(values.sum)}) = ${decimal(values.output)}`,
      ],
    },
    {
      title: 'Forward: the loss',
      lines: [
        `L = ½ (ŷ − y)² = ½ (${decimal(values.output)} − ${example.target})² = ${decimal(values.loss)}`,
      ],
    },
    { title: 'Backward: from the loss to the output', lines: [`∂L/∂ŷ = ŷ − y = ${decimal(outputError)}`] },
    {
      title: 'Backward: through the sigmoid',
      lines: [
        `σ′(s) = ŷ (1 − ŷ) = ${decimal(outputSlope)}`,
        `δ = ∂L/∂ŷ · σ′(s) = ${product(outputError)} · ${decimal(outputSlope)} = ${decimal(outputDelta)}`,
      ],
    },
    {
      title: 'Backward: the weights of the output',
      lines: [
        `∂L/∂v₁ = δ · h₁ = ${decimal(gradient[6] ?? 0)}`,
        `∂L/∂v₂ = δ · h₂ = ${decimal(gradient[7] ?? 0)}`,
        `∂L/∂c = δ = ${decimal(gradient[8] ?? 0)}`,
      ],
    },
    {
      title: 'Backward: through the hidden units',
      lines: [
        `δ₁ = δ · v₁ · tanh′(z₁) = ${product(outputDelta)} · ${product(v1)} · ${decimal(slopes[0])} = ${decimal(deltas[0])}`,
        `δ₂ = δ · v₂ · tanh′(z₂) = ${product(outputDelta)} · ${product(v2)} · ${decimal(slopes[1])} = ${decimal(deltas[1])}`,
      ],
    },
    {
      title: 'Backward: the weights of the hidden units',
      lines: [
        ...weightLine(['w₁₁'], 'δ₁ · x₁', 0),
        ...weightLine(['w₁₂'], 'δ₁ · x₂', 1),
        ...weightLine(['w₂₁'], 'δ₂ · x₁', 3),
        ...weightLine(['w₂₂'], 'δ₂ · x₂', 4),
        `∂L/∂b₁ = δ₁ = ${decimal(gradient[2] ?? 0)}, ∂L/∂b₂ = δ₂ = ${decimal(gradient[5] ?? 0)}`,
      ],
    },
    {
      title: 'Check: difference quotients',
      lines: [
        `(L(w₁₁ + ε) − L(w₁₁ − ε)) / 2ε = ${(quotients[0] ?? 0).toFixed(7).replace('-', '−')}`,
        `back-propagation: ${(gradient[0] ?? 0).toFixed(7).replace('-', '−')}; the table below has all nine`,
      ],
    },
    {
      title: 'One step against the gradient',
      lines: [
        `w ← w − ½ ∂L/∂w: the loss falls from ${values.loss.toFixed(4)} to ${lossAfterStep.toFixed(4)}`,
      ],
    },
  ]
}
