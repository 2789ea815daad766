/** Faults in the TypeScript of the engine. */
const definitions = 'test/engine/definitions.test.ts'
const grid = 'test/conformance/engine/edge-grid.test.ts'
const training = 'test/conformance/engine/training.test.ts'
const worked = 'test/conformance/engine/worked.test.ts'
const checks = 'test/engine/spec-checks.test.ts'

export const engine = [
  {
    file: 'src/engine/splitting.ts',
    tests: [definitions, 'test/workers/cross-validate.test.ts'],
    faults: [
      ['Math.min(Math.round(rows * share), rows - 1)', 'Math.min(Math.floor(rows * share), rows - 1)'],
      ['Math.min(Math.round(rows * share), rows - 1)', 'Math.min(Math.round(rows * share), rows)'],
      ['if (remaining[classes[row]] < 1) continue', 'if (remaining[classes[row]] < 0) continue'],
      [
        'exact[b] - allotted[b] - (exact[a] - allotted[a])',
        'exact[a] - allotted[a] - (exact[b] - allotted[b])',
      ],
      ['for (const kept of [1, 0])', 'for (const kept of [1])'],
      ['index % folds === fold', 'Math.floor(index / folds) === fold'],
    ],
  },
  {
    file: 'src/engine/rng.ts',
    tests: ['test/engine/rng.test.ts'],
    faults: [
      [
        'const rotations = [13, 15, 26, 6, 17, 29, 16, 24]',
        'const rotations = [13, 15, 26, 6, 17, 29, 24, 16]',
      ],
      ['(streams[stream] << 21) | (salt << 24)', '(streams[stream] << 21) | (salt << 23)'],
      ['Math.floor(seed / 0x1_0000_0000)', 'Math.floor(seed / 0x8000_0000)'],
      ['row !== this.#row', 'row < this.#row'],
      ['for (let i = order.length - 1; i > 0; i--)', 'for (let i = order.length - 1; i > 1; i--)'],
      ['scaleWord(words.word(i, row), i + 1)', 'scaleWord(words.word(i, row), i)'],
      ['return (word >>> 8) / 0x1000000', 'return (word >>> 8) / 0xffffff'],
    ],
  },
  {
    file: 'src/engine/schedules.ts',
    tests: ['test/engine/early-stopping.test.ts', definitions],
    faults: [
      ['const since = epoch - warmupEpochs', 'const since = epoch - warmupEpochs + 1'],
      ['(rate * (epoch + 1)) / (warmupEpochs + 1)', '(rate * (epoch + 1)) / warmupEpochs'],
      ['Math.floor(since / schedule.stepEpochs)', 'Math.ceil(since / schedule.stepEpochs)'],
      ['epochs - warmupEpochs - 1', 'epochs - warmupEpochs'],
      ['schedule.factor ** since', 'schedule.factor ** epoch'],
    ],
  },
  {
    file: 'src/engine/early-stopping.ts',
    tests: ['test/engine/early-stopping.test.ts', definitions],
    faults: [
      ['this.#gain(value, best) > minDelta', 'this.#gain(value, best) >= minDelta'],
      ['this.state.waited >= patience', 'this.state.waited > patience'],
      ["monitor === 'accuracy' || monitor === 'valAccuracy'", "monitor === 'accuracy'"],
      ['      this.state.waited = 0\n', ''],
      ['      this.state.bestEpoch = epoch.epoch\n', ''],
    ],
  },
  {
    file: 'src/engine/initializers.ts',
    tests: [definitions],
    faults: [
      [
        "{ type: 'uniform', limit: Math.sqrt(6 / fanIn) }",
        "{ type: 'uniform', limit: Math.sqrt(3 / fanIn) }",
      ],
      [
        "{ type: 'normal', deviation: Math.sqrt(2 / fanIn) }",
        "{ type: 'normal', deviation: Math.sqrt(1 / fanIn) }",
      ],
      ['values[i] = distribution.limit * (2 * first - 1)', 'values[i] = distribution.limit * first'],
      ['radius * Math.sin(2 * Math.PI * second)', 'radius * Math.cos(2 * Math.PI * second)'],
    ],
  },
  {
    file: 'src/engine/spec-checks.ts',
    tests: [checks],
    faults: [
      ['if (index < layers.length - 1) {', 'if (index < layers.length - 2) {'],
      ['elementCount(last.outputShape) < 2', 'elementCount(last.outputShape) < 1'],
      ['if (batchSize > rows) {', 'if (batchSize > rows + 1) {'],
      ['Math.min(32, rows)', '32'],
      [
        'if (batchSize * elementCount(positions) > 1) return',
        'if (batchSize * elementCount(positions) > 0) return',
      ],
      [
        "monitor.startsWith('val') && data.validationRows < 1",
        "monitor === 'valLoss' && data.validationRows < 1",
      ],
      ["activation === 'step' && required !== 'step'", "activation === 'step' && required === null"],
    ],
  },
  {
    file: 'src/engine/dataset.ts',
    tests: ['test/engine/memory.test.ts', worked, training],
    faults: [
      ['return weighted ? targetWidth + 1 : targetWidth', 'return targetWidth'],
      ['to[next++] = values[row * width + i] ?? 0', 'to[next++] = values[row * width] ?? 0'],
      [
        'copyRows(ys, rows.validation, dataset.validationY)',
        'copyRows(ys, rows.training, dataset.validationY)',
      ],
    ],
  },
  {
    file: 'src/engine/train.ts',
    tests: [training],
    faults: [
      [
        "if (finished >= maximumEpochs || stepsLeft <= 0) return 'running'",
        "if (finished > maximumEpochs || stepsLeft <= 0) return 'running'",
      ],
      ['      stepsLeft -= done\n', ''],
      [
        "if (this.#ended === 'finished' || this.#ended === 'earlyStopped') this.#finish()",
        "if (this.#ended === 'finished') this.#finish()",
      ],
      ['if (this.#best !== null) this.#copyState(this.#best)', ''],
      [
        'learningRateAt(spec.optimizer.learningRate, spec.schedule, first + i, spec.epochs)',
        'learningRateAt(spec.optimizer.learningRate, spec.schedule, first, spec.epochs)',
      ],
      ['if (snapshot.seed !== this.#seed) {', 'if (snapshot.seed < 0) {'],
      ['Object.assign(this.#position, snapshot.position)', 'this.#position.epoch = snapshot.position.epoch'],
      ['position: { ...this.#position },', 'position: this.#position,'],
      [
        'const callLimit = this.#watch === null && this.#augmented === null ? epochsPerCall : 1',
        'const callLimit = epochsPerCall',
      ],
      ['this.#metrics[this.#measured - metricsPerEpoch] = Number.POSITIVE_INFINITY', ''],
    ],
  },
  {
    file: 'src/engine/optimizers.ts',
    tests: [worked, 'test/conformance/engine/fixtures.test.ts'],
    faults: [
      [
        "const velocity = momentum > 0 ? state('velocity') : null",
        "const velocity = momentum > 0.5 ? state('velocity') : null",
      ],
      ["optimizer.type === 'adamw' ? optimizer.weightDecay : 0", '0'],
      ['if (weightDecay > 0) addPenalty', 'if (weightDecay < 0) addPenalty'],
      ['operands: { gradients: descended }, attributes', 'operands: { gradients }, attributes'],
      ['{ weightDecay: 0, l1 })', '{ weightDecay: 0, l1: l1 / 2 })'],
    ],
  },
  {
    file: 'src/engine/kernels/reference/executor.ts',
    tests: [grid],
    faults: [
      ['run.rows = Math.min(capacity, data.validationRows - first)', 'run.rows = capacity'],
      ['const first = position.step * capacity', 'const first = position.step * (capacity - 1)'],
      ['position.lossSum / trainingRows', 'position.lossSum / (trainingRows + 1)'],
      ['    position.right = 0\n', ''],
    ],
  },
  {
    file: 'src/engine/kernels/reference/batch-normalization.ts',
    tests: [worked, grid],
    faults: [
      ['if (n > 1) {', 'if (n > 2) {'],
      ['((1 - momentum) * squares) / (n - 1)', '((1 - momentum) * squares) / n'],
      [
        'const n = run.rows * attributes.positions\n  for (let channel = 0; channel < attributes.channels; channel++) {\n    let sum',
        'const n = run.rows\n  for (let channel = 0; channel < attributes.channels; channel++) {\n    let sum',
      ],
    ],
  },
  {
    file: 'src/engine/kernels/reference/loss.ts',
    tests: [definitions, 'test/conformance/engine/weights.test.ts'],
    faults: [
      ['distance <= 1 ? distance ** 2 / 2 : distance - 0.5', 'distance <= 1 ? distance ** 2 / 2 : distance'],
      [
        'const hingeSign = (target: number) => (target >= 0.5 ? 1 : -1)',
        'const hingeSign = (target: number) => (target > 1 ? 1 : -1)',
      ],
      [
        'if (values[start + i] > values[start + best]) best = i',
        'if (values[start + i] >= values[start + best]) best = i',
      ],
      ['const share = divisor === 0 ? 0 : 1 / divisor', 'const share = 1 / divisor'],
      ['outputs[i] >= border === targets[i] >= 0.5', 'outputs[i] > border === targets[i] >= 0.5'],
    ],
  },
  {
    file: 'src/engine/kernels/wasm/trainer.ts',
    tests: ['test/engine/wasm/backend.test.ts'],
    faults: [
      [
        'this.#metrics.subarray(0, finished * metricsPerEpoch), done * metricsPerEpoch',
        'this.#metrics.subarray(0, finished * metricsPerEpoch)',
      ],
      ['slice.learningRates.subarray(done, done + epochs)', 'slice.learningRates.subarray(0, epochs)'],
    ],
  },
  {
    file: 'src/engine/memory.ts',
    tests: ['test/engine/memory.test.ts'],
    faults: [
      ['if (regionStart - candidate >= units) break', 'if (regionStart - candidate > units) break'],
      ['const end = (candidate + units + 1) * unit', 'const end = (candidate + units) * unit'],
    ],
  },
  {
    file: 'src/engine/weights.ts',
    tests: [definitions],
    faults: [
      ['given.shape.length !== shape.length || ', ''],
      ["name.endsWith('.runningMean') || name.endsWith('.runningVar')", "name.endsWith('.runningMean')"],
    ],
  },
  {
    file: 'src/engine/predict.ts',
    tests: ['test/engine/prediction-cost.test.ts'],
    faults: [
      ['Math.ceil(rows / defaultBatchSize)', 'Math.floor(rows / defaultBatchSize + 1)'],
      ['bytesPerRow: Float32Array.BYTES_PER_ELEMENT * values', 'bytesPerRow: values'],
    ],
  },
  {
    file: 'src/engine/epoch.ts',
    tests: ['test/engine/epoch.test.ts'],
    faults: [
      ['Math.max(0, after + 1 - firstEpoch)', 'Math.max(0, after - firstEpoch)'],
      ['    offset += run.metrics.length\n', '    offset += metricsPerEpoch\n'],
    ],
  },
  {
    file: 'src/engine/normalize-weights.ts',
    tests: ['test/conformance/engine/weights.test.ts'],
    faults: [['sum / size.validationRows', 'sum / size.trainingRows']],
  },
]
