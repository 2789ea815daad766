/** Source of the functions that compute a network in JavaScript, each included only where it is used. */
import type { NetworkStep } from '../network-steps.js'

type StepName = NetworkStep['type']

/** Sums are in float64. Every step stores float32. */
export const stepFunctions: Readonly<Record<Exclude<StepName, 'activation'>, string>> = {
  dense: `
function dense(x, weight, bias, { inputs, units }) {
  const y = new Float32Array(units)
  for (let unit = 0; unit < units; unit++) {
    let sum = bias === null ? 0 : bias[unit]
    for (let input = 0; input < inputs; input++) sum += x[input] * weight[unit * inputs + input]
    y[unit] = sum
  }
  return y
}`,
  convolution: `
/** Channels first. Cells outside the image are zero. */
function convolution(x, weight, bias, sizes) {
  const { channels, height, width, filters, outputHeight, outputWidth, kernelHeight, kernelWidth } = sizes
  const y = new Float32Array(filters * outputHeight * outputWidth)
  let output = 0
  for (let filter = 0; filter < filters; filter++) {
    for (let row = 0; row < outputHeight; row++) {
      const top = row * sizes.strideY - sizes.padTop
      for (let column = 0; column < outputWidth; column++) {
        const left = column * sizes.strideX - sizes.padLeft
        let sum = bias === null ? 0 : bias[filter]
        for (let channel = 0; channel < channels; channel++) {
          for (let k = Math.max(0, -top); k < kernelHeight && top + k < height; k++) {
            const cells = (channel * height + top + k) * width + left
            const taps = ((filter * channels + channel) * kernelHeight + k) * kernelWidth
            for (let l = Math.max(0, -left); l < kernelWidth && left + l < width; l++) {
              sum += x[cells + l] * weight[taps + l]
            }
          }
        }
        y[output++] = sum
      }
    }
  }
  return y
}`,
  locallyConnected: `
function locallyConnected(x, weight, bias, sizes) {
  const { channels, height, width, filters, outputWidth, kernelHeight, kernelWidth } = sizes
  const positions = sizes.outputHeight * outputWidth
  const y = new Float32Array(filters * positions)
  let tap = 0
  for (let position = 0; position < positions; position++) {
    const top = Math.floor(position / outputWidth) * sizes.strideY
    const left = (position % outputWidth) * sizes.strideX
    for (let filter = 0; filter < filters; filter++) {
      let sum = bias === null ? 0 : bias[position * filters + filter]
      for (let channel = 0; channel < channels; channel++) {
        for (let k = 0; k < kernelHeight; k++) {
          const cells = (channel * height + top + k) * width + left
          for (let l = 0; l < kernelWidth; l++) sum += x[cells + l] * weight[tap++]
        }
      }
      y[filter * positions + position] = sum
    }
  }
  return y
}`,
  maxPooling: `
function maxPooling(x, sizes) {
  return pooling(x, sizes, -Infinity, Math.max, (largest) => largest)
}`,
  averagePooling: `
function averagePooling(x, sizes) {
  const cells = sizes.kernelHeight * sizes.kernelWidth
  return pooling(x, sizes, 0, (sum, value) => sum + value, (sum) => sum / cells)
}`,
  batchNormalization: `
function batchNormalization(x, scale, mean, shift, { channels, positions }) {
  const y = new Float32Array(x.length)
  for (let channel = 0; channel < channels; channel++) {
    for (let cell = channel * positions; cell < (channel + 1) * positions; cell++) {
      y[cell] = scale[channel] * (x[cell] - mean[channel]) + shift[channel]
    }
  }
  return y
}`,
}

export const poolingFunction = `
function pooling(x, sizes, first, join, finish) {
  const { channels, height, width, outputHeight, outputWidth, kernelHeight, kernelWidth } = sizes
  const y = new Float32Array(channels * outputHeight * outputWidth)
  let output = 0
  for (let channel = 0; channel < channels; channel++) {
    for (let row = 0; row < outputHeight; row++) {
      for (let column = 0; column < outputWidth; column++) {
        let value = first
        for (let k = 0; k < kernelHeight; k++) {
          const cells = (channel * height + row * sizes.strideY + k) * width + column * sizes.strideX
          for (let l = 0; l < kernelWidth; l++) value = join(value, x[cells + l])
        }
        y[output++] = finish(value)
      }
    }
  }
  return y
}`

type ActivationName = (NetworkStep & { type: 'activation' })['activation']

const elementwise = (name: string, expression: string) => `
function ${name}(x) {
  return x.map((z) => ${expression})
}`

export const activationFunctions: Readonly<Record<ActivationName, string>> = {
  linear: elementwise('linear', 'z'),
  step: elementwise('step', '(z >= 0 ? 1 : 0)'),
  sigmoid: elementwise('sigmoid', '1 / (1 + Math.exp(-z))'),
  tanh: elementwise('tanh', 'Math.tanh(z)'),
  relu: elementwise('relu', 'Math.max(0, z)'),
  leakyRelu: elementwise('leakyRelu', '(z > 0 ? z : 0.01 * z)'),
  elu: elementwise('elu', '(z > 0 ? z : Math.expm1(z))'),
  softplus: elementwise('softplus', 'Math.max(z, 0) + Math.log1p(Math.exp(-Math.abs(z)))'),
  gelu: `${elementwise('gelu', '(z * (1 + erf(z / Math.SQRT2))) / 2')}

/** Abramowitz and Stegun 7.1.6 for |x| < 3, else the continued fraction 7.1.14. */
function erf(x) {
  const size = Math.abs(x)
  if (size > 6) return Math.sign(x)
  if (size < 3) {
    let term = x
    let sum = x
    for (let n = 1; Math.abs(term) > 1e-17 * Math.abs(sum); n++) {
      term *= (2 * x * x) / (2 * n + 1)
      sum += term
    }
    return (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x) * sum
  }
  let fraction = 0
  for (let k = 60; k >= 1; k--) fraction = k / 2 / (size + fraction)
  return Math.sign(x) * (1 - Math.exp(-size * size) / (Math.sqrt(Math.PI) * (size + fraction)))
}`,
  softmax: `
function softmax(x) {
  const largest = x.reduce((most, z) => Math.max(most, z), -Infinity)
  const powers = Array.from(x, (z) => Math.exp(z - largest))
  const sum = powers.reduce((total, power) => total + power, 0)
  return Float32Array.from(powers, (power) => power / sum)
}`,
}
