/** The lecture's demonstrations. `npm run docs` lists them in docs/teaching.md. */

interface Demonstration {
  claim: string
  /** What the terminal shows. */
  shows: string
  load(): Promise<{ show(url: string, args: readonly string[]): Promise<void> }>
}

export const demonstrations: Readonly<Record<string, Demonstration>> = {
  perceptron: {
    claim: 'one threshold unit learns AND and OR but not XOR',
    shows: 'weights after each epoch, the endless cycle for XOR, and its four inequalities',
    load: () => import('./perceptron.js'),
  },
  xor: {
    claim: 'two layers learn XOR',
    shows: 'the loss curve and a map of the outputs',
    load: () => import('./xor.js'),
  },
  'boolean-function': {
    claim:
      'a network can represent any Boolean function without training (argument: a truth table, such as 01101001)',
    shows: 'the normal form, the size of the network and the whole truth table',
    load: () => import('./boolean-function.js'),
  },
  approximation: {
    claim: 'one hidden layer approximates continuous functions, and a wider layer approximates them better',
    shows: 'the error by width and the fitted curves',
    load: () => import('./approximation.js'),
  },
  depth: {
    claim: 'with equal parameters, a deep network learns what a wide one does not',
    shows: 'accuracy on spirals and parity by depth, and two maps of the spirals',
    load: () => import('./depth.js'),
  },
  descent: {
    claim: 'full-batch, mini-batch and stochastic gradient descent: few exact steps or many noisy ones',
    shows: 'the loss by epoch and by step',
    load: () => import('./descent.js'),
  },
  momentum: {
    claim: 'momentum and Adam converge faster in a narrow valley than plain gradient descent',
    shows: 'four loss curves, each at its best learning rate',
    load: () => import('./momentum.js'),
  },
  shift: {
    claim: 'shifting the input of a convolution shifts its output',
    shows: 'a moving bump through a convolution (4 parameters) and a dense layer (378)',
    load: () => import('./shift.js'),
  },
  'shared-weights': {
    claim: 'shared weights need fewer examples than separate weights per position',
    shows: 'the error on held-out rows with 4, 56 and 238 parameters',
    load: () => import('./shared-weights.js'),
  },
  digits: {
    claim: 'a small convolutional network reads digits at any position (argument: a CSV of pixels and digit)',
    shows: 'the pictures, and how many each network reads',
    load: () => import('./digits.js'),
  },
}
