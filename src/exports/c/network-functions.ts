/** Source of the functions that compute a network in C99, each included only where it is used. */
import type { NetworkStep } from '../network-steps.js'

interface StepFunction {
  /** The sizes of a step in the order of the arguments. */
  sizes: readonly string[]
  code: string
}

const windowSizes = [
  'channels',
  'height',
  'width',
  'kernelHeight',
  'kernelWidth',
  'strideY',
  'strideX',
  'outputHeight',
  'outputWidth',
] as const

const pooling = (name: string, first: string, join: string, last: string): StepFunction => ({
  sizes: windowSizes,
  code: `
static void ${name}(const float *x, float *y, int channels, int height, int width, int kernel_height, int kernel_width,
                    int stride_y, int stride_x, int output_height, int output_width) {
  int channel, i, j, k, l;
  for (channel = 0; channel < channels; channel++)
    for (i = 0; i < output_height; i++)
      for (j = 0; j < output_width; j++) {
        const float *cells = x + ((size_t)channel * height + i * stride_y) * width + j * stride_x;
        float value = ${first};
        for (k = 0; k < kernel_height; k++)
          for (l = 0; l < kernel_width; l++) ${join};
        *y++ = ${last};
      }
}`,
})

export const stepFunctions: Readonly<Record<Exclude<NetworkStep['type'], 'activation'>, StepFunction>> = {
  dense: {
    sizes: ['inputs', 'units'],
    code: `
static void dense(const float *x, float *y, const float *weight, const float *bias, int inputs, int units) {
  int unit, i;
  for (unit = 0; unit < units; unit++) {
    float sum = bias == NULL ? 0.0f : bias[unit];
    for (i = 0; i < inputs; i++) sum += x[i] * *weight++;
    y[unit] = sum;
  }
}`,
  },
  convolution: {
    sizes: [...windowSizes, 'filters', 'padTop', 'padLeft'],
    code: `
/* Channels first. Cells outside the image are zero. */
static void convolution(const float *x, float *y, const float *weight, const float *bias, int channels, int height,
                        int width, int kernel_height, int kernel_width, int stride_y, int stride_x,
                        int output_height, int output_width, int filters, int pad_top, int pad_left) {
  int filter, i, j, channel, k, l;
  for (filter = 0; filter < filters; filter++, weight += (size_t)channels * kernel_height * kernel_width)
    for (i = 0; i < output_height; i++)
      for (j = 0; j < output_width; j++) {
        const float *tap = weight;
        float sum = bias == NULL ? 0.0f : bias[filter];
        for (channel = 0; channel < channels; channel++)
          for (k = 0; k < kernel_height; k++)
            for (l = 0; l < kernel_width; l++, tap++) {
              const int row = i * stride_y - pad_top + k;
              const int column = j * stride_x - pad_left + l;
              if (row >= 0 && row < height && column >= 0 && column < width)
                sum += x[((size_t)channel * height + row) * width + column] * *tap;
            }
        *y++ = sum;
      }
}`,
  },
  locallyConnected: {
    sizes: [...windowSizes, 'filters'],
    code: `
static void locally_connected(const float *x, float *y, const float *weight, const float *bias, int channels,
                              int height, int width, int kernel_height, int kernel_width, int stride_y, int stride_x,
                              int output_height, int output_width, int filters) {
  const int positions = output_height * output_width;
  int position, filter, channel, k, l;
  for (position = 0; position < positions; position++) {
    const float *corner = x + (size_t)(position / output_width * stride_y) * width + position % output_width * stride_x;
    for (filter = 0; filter < filters; filter++) {
      float sum = bias == NULL ? 0.0f : bias[(size_t)position * filters + filter];
      for (channel = 0; channel < channels; channel++)
        for (k = 0; k < kernel_height; k++)
          for (l = 0; l < kernel_width; l++) sum += corner[((size_t)channel * height + k) * width + l] * *weight++;
      y[(size_t)filter * positions + position] = sum;
    }
  }
}`,
  },
  maxPooling: pooling(
    'max_pooling',
    '-INFINITY',
    'value = fmaxf(value, cells[(size_t)k * width + l])',
    'value',
  ),
  averagePooling: pooling(
    'average_pooling',
    '0.0f',
    'value += cells[(size_t)k * width + l]',
    'value / (float)(kernel_height * kernel_width)',
  ),
  batchNormalization: {
    sizes: ['channels', 'positions'],
    code: `
static void batch_normalization(const float *x, float *y, const float *scale, const float *mean, const float *shift,
                                int channels, int positions) {
  int channel, i;
  for (channel = 0; channel < channels; channel++)
    for (i = 0; i < positions; i++) *y++ = scale[channel] * (*x++ - mean[channel]) + shift[channel];
}`,
  },
}

type ActivationName = (NetworkStep & { type: 'activation' })['activation']

const elementwise = (name: string, expression: string) => `
static void ${name}(float *x, int size) {
  int i;
  for (i = 0; i < size; i++) {
    const float z = x[i];
    x[i] = ${expression};
  }
}`

/** Each works in place. */
export const activationFunctions: Readonly<Record<ActivationName, string>> = {
  linear: elementwise('linear', 'z'),
  step: elementwise('step', 'z >= 0.0f ? 1.0f : 0.0f'),
  sigmoid: elementwise('sigmoid', '1.0f / (1.0f + expf(-z))'),
  tanh: elementwise('hyperbolic_tangent', 'tanhf(z)'),
  relu: elementwise('relu', 'z > 0.0f ? z : 0.0f'),
  leakyRelu: elementwise('leaky_relu', 'z > 0.0f ? z : 0.01f * z'),
  elu: elementwise('elu', 'z > 0.0f ? z : expm1f(z)'),
  gelu: elementwise('gelu', '0.5f * z * erfcf(-0.70710678f * z)'),
  softplus: elementwise('softplus', 'fmaxf(z, 0.0f) + log1pf(expf(-fabsf(z)))'),
  softmax: `
static void softmax(float *x, int size) {
  float largest = -INFINITY, sum = 0.0f;
  int i;
  for (i = 0; i < size; i++) largest = fmaxf(largest, x[i]);
  for (i = 0; i < size; i++) {
    x[i] = expf(x[i] - largest);
    sum += x[i];
  }
  for (i = 0; i < size; i++) x[i] /= sum;
}`,
}
