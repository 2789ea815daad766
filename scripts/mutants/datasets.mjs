/** Faults in reading, preparing, encoding and evaluating datasets. */
const ties = 'test/datasets/ties.test.ts'
const evaluation = [ties, 'test/datasets/evaluation.test.ts', 'test/datasets/evaluation-metrics.test.ts']
const mixed = 'test/datasets/mixed-encoding.test.ts'
const chunks = 'test/datasets/small-chunks.test.ts'
const fills = 'test/datasets/absent-fills.test.ts'
const csv = ['test/datasets/reading/line-breaks.test.ts', 'test/datasets/reading/csv.test.ts']
const prediction = [ties, 'test/datasets/prediction.test.ts', mixed, 'test/datasets/encoding.test.ts']

export const datasets = [
  {
    file: 'src/datasets/moments.ts',
    tests: ['test/datasets/moments.test.ts'],
    faults: [
      ['if (value < minimum) minimum = value', 'if (value <= 0) minimum = value'],
      ['const length = chosen?.length ?? end', 'const length = end'],
      ['this.#lost += larger ?', 'this.#lost -= larger ?'],
      ['if (!(halfRange > 0)) return', 'if (halfRange > 1) return'],
    ],
  },
  {
    file: 'src/datasets/feature-coding.ts',
    tests: [chunks, fills, mixed],
    faults: [
      ['rows[end] < first + packed.rows', 'rows[end] <= first + packed.rows'],
      [
        'rows.subarray(begin, end).map((row) => row - first)',
        'rows.subarray(begin, end).map((row) => row - begin)',
      ],
      [
        '    begin = end\n',
        '    begin = end + 0 * first\n    if (end === rows.length) break\n    begin = 0\n',
      ],
      ['if (values.length < packed.rows) values', 'if (values.length === 0) values'],
      ['visit(index, values, chosen, begin)', 'visit(index, values, chosen, first)'],
      [
        '(counts[index] ?? 0) > (counts[best] ?? 0) ? index : best',
        '(counts[index] ?? 0) >= (counts[best] ?? 0) ? index : best',
      ],
      [
        'counts[index] > 0 || (missing > 0 && categories[index] === fill)',
        'counts[index] > 0 || categories[index] === fill',
      ],
      ['counts[index] > 0 || (missing > 0 && categories[index] === fill)', 'counts[index] > 0'],
      ['const mean = moments.count === 0 ? 0 : moments.mean', 'const mean = moments.mean'],
      [
        'if (Number.isNaN(values[row])) column.missing += 1\n        else count',
        'if (Number.isNaN(values[row])) column.missing = 0\n        else count',
      ],
    ],
  },
  {
    file: 'src/datasets/scale.ts',
    tests: [fills, mixed, 'test/datasets/encoding.test.ts'],
    faults: [
      ["scaling === 'none' || moments.count === 0 ? 0", "scaling === 'none' ? 0"],
      ["scaling === 'standardize' ? mean : minimum", "scaling === 'standardize' ? minimum : mean"],
      ['!(range > 0 && Number.isFinite(range))', '!Number.isFinite(range)'],
    ],
  },
  {
    file: 'src/datasets/input-writers.ts',
    tests: [ties, mixed, chunks],
    faults: [
      ['let next = first * width + slot.offset', 'let next = slot.offset'],
      ['untrained.has(category) ? -1 : index', 'index'],
      ['if (input >= 0) inputs', 'if (input > 0) inputs'],
      ["(type === 'date') === (coding.type === 'date')", "type !== 'ignored'"],
    ],
  },
  {
    file: 'src/datasets/packed-rows.ts',
    tests: ['test/datasets/packed-rows.test.ts'],
    faults: [
      ['minimum >= 0 && maximum <= 255', 'minimum >= 0 && maximum <= 256'],
      ['minimum > missingInt16 && maximum <= 32_767', 'minimum >= missingInt16 && maximum <= 32_767'],
      ['if (signedZero) whole = false', ''],
      [
        'if (whole && !missing && minimum >= 0 && maximum <= 1)',
        'if (whole && minimum >= 0 && maximum <= 1)',
      ],
      ['return Math.ceil(rows / 8)', 'return Math.floor(rows / 8) + 1'],
      ['minimum === maximum && !missing && !signedZero', 'minimum === maximum && !signedZero'],
    ],
  },
  {
    file: 'src/datasets/preview.ts',
    tests: [chunks],
    faults: [
      ['Math.max(first, offset)', 'first'],
      ['if (row >= packed.rows) break', 'if (row > packed.rows) break'],
      ['const row = next - offset - start', 'const row = next - start'],
      ['if (index >= 0 && index < packed.rows) return toPixels', 'if (index < packed.rows) return toPixels'],
      ['(index % area) * channels + Math.floor(index / area)', 'index'],
    ],
  },
  {
    file: 'src/datasets/labelled-rows.ts',
    tests: [chunks, 'test/datasets/encode-by-coding.test.ts'],
    faults: [
      ['isLabelled[first + index] = 0', 'isLabelled[chosen[index]] = 0'],
      ['if (value === 0 || value === 1) continue', 'if (value >= 0 && value <= 2) continue'],
      ["coding.type !== 'number' || coding.binary !== true", "coding.type !== 'number'"],
    ],
  },
  {
    file: 'src/datasets/class-counter.ts',
    tests: evaluation,
    faults: [
      ['predicted === 0 ? 0 : right / predicted', 'right / predicted'],
      ['(2 * right) / (predicted + support)', 'right / (predicted + support)'],
      ['support[index] + predictions[index] > 0', 'support[index] > 0'],
      [
        'accuracy > baseline.accuracy || baseline.accuracy === 1',
        'accuracy >= baseline.accuracy || baseline.accuracy === 1',
      ],
      ['confusion[actual][predicted]++', 'confusion[predicted][actual]++'],
      ['output[index] >= least ? 1 : 0', 'output[index] > least ? 1 : 0'],
    ],
  },
  {
    file: 'src/datasets/two-class-scores.ts',
    tests: evaluation,
    faults: [
      ['return score >= this.#threshold ? 1 : 0', 'return score > this.#threshold ? 1 : 0'],
      [
        'order.sort((a, b) => this.#scores[b] - this.#scores[a])',
        'order.sort((a, b) => this.#scores[a] - this.#scores[b])',
      ],
      ['this.#scores[next] !== this.#scores[row]', 'next !== row'],
      ['(step.positives + previous.positives)) / 2', 'step.positives)'],
      ['steps.findLast(({ score }) => score >= current)', 'steps.findLast(({ score }) => score > current)'],
      ['falseNegatives: positives - predicted.positives', 'falseNegatives: negatives - predicted.positives'],
    ],
  },
  {
    file: 'src/datasets/regression-counter.ts',
    tests: [...evaluation, 'test/datasets/target-scaling.test.ts'],
    faults: [
      ['sum.spread += distance * (actual - sum.mean)', 'sum.spread += distance * distance'],
      ['r2: spread > 0 ? 1 - squared / spread : null', 'r2: 1 - squared / spread'],
      ['Math.sqrt(squared / rows)', 'squared / rows'],
      ['if (r2 === null || r2 >= 0) return []', 'if (r2 === null || r2 > 0) return []'],
      ['unscaleTarget(coding, index, output[index])', 'output[index]'],
    ],
  },
  {
    file: 'src/contract/network.ts',
    tests: prediction,
    faults: [['positiveFrom: 0,', 'positiveFrom: 0.5,']],
  },
  {
    file: 'src/datasets/prediction.ts',
    tests: prediction,
    faults: [
      ['output[output.length - 1] >= threshold ? 1 : 0', 'output[output.length - 1] > threshold ? 1 : 0'],
      ['probabilities([1 - numbers[0], numbers[0]])', 'probabilities([numbers[0], 1 - numbers[0]])'],
      ['if (!Number.isFinite(number)) {', 'if (Number.isNaN(number)) {'],
    ],
  },
  {
    file: 'src/datasets/cell-coder.ts',
    tests: [...prediction, fills],
    faults: [
      ["given.trim().normalize('NFC')", "given.normalize('NFC')"],
      ['index >= 0 && !untrained.has(category)', 'index >= 0'],
      ['positions.has(value) ? -1 : index', 'index'],
      ['Math.fround((value - feature.offset) / feature.scale)', '(value - feature.offset) / feature.scale'],
    ],
  },
  {
    file: 'src/datasets/date-text.ts',
    tests: ['test/datasets/date-text.test.ts'],
    faults: [
      ["separator === '.' || order === 'dayFirst'", "order === 'dayFirst'"],
      ['const firstYearOf1900s = 69', 'const firstYearOf1900s = 70'],
      ['hours = (hours % 12) +', 'hours = hours +'],
      ['if (date.getUTCMonth() !== m - 1) return undefined', ''],
      ["return digits.startsWith('-') ? -seconds : seconds", 'return seconds'],
      ['hours > 24 || minutes > 59', 'hours > 24 || minutes > 60'],
    ],
  },
  {
    file: 'src/datasets/row-weights.ts',
    tests: ['test/datasets/row-weights.test.ts'],
    faults: [
      ['counts.filter((count) => count > 0).length', 'counts.length'],
      ['count === 0 ? 1 : rows / (present * count)', 'rows / (present * count)'],
      ['weight >= 0 && Number.isFinite(weight)', 'weight > 0 && Number.isFinite(weight)'],
      ['weight * (bySample === null ? 1 : bySample[row])', 'bySample === null ? weight : bySample[row]'],
    ],
  },
  {
    file: 'src/datasets/reading/csv-cells.ts',
    tests: csv,
    faults: [
      ['(kind === kinds.carriageReturn && index + 1 === length)', 'false'],
      ['if (kind === kinds.carriageReturn && bytes[index] === newline) index += 1', ''],
      ['byte === carriageReturn && bytes[index + 1] !== newline', 'byte === carriageReturn'],
      ['    this.#line = firstLine\n    return -1', '    return -1'],
      ['if (bytes[index + 1] !== quote) return index', 'return index'],
      ['this.#cells === firstCell + 1 && cellStart === cellEnd', 'cellStart === cellEnd'],
      ['this.#lines.push(firstLine)', 'this.#lines.push(this.#line)'],
      ['byte === tab && this.#delimiter !== tab', 'byte === tab'],
    ],
  },
  {
    file: 'src/datasets/reading/text-window.ts',
    tests: csv,
    faults: [
      ['rest = Buffer.from(bytes.subarray(used))', 'rest = Buffer.alloc(0)'],
      ['  yield take(rest, true)\n', ''],
      ['if (rest.length > limits.lineBytes) {', 'if (rest.length > 2 * limits.lineBytes) {'],
    ],
  },
  {
    file: 'src/datasets/leak-detector.ts',
    tests: ['test/datasets/leak-detector.test.ts'],
    faults: [
      ['previous !== undefined && previous !== target[row]', 'false'],
      ['this.#rows >= fewRows && line.determination', 'line.determination'],
      ['if (isText) return values * minimumRepeats.category <= this.#rows', 'if (isText) return true'],
    ],
  },
  {
    file: 'src/datasets/date-parts.ts',
    tests: ['test/datasets/date-parts.test.ts'],
    faults: [
      ['(((day + dayOfWeekOfEpoch) % 7) + 7) % 7', '(day + dayOfWeekOfEpoch) % 7'],
      ['const day = Math.floor(days)', 'const day = Math.trunc(days)'],
      ['first + Math.round(', 'first + Math.floor('],
    ],
  },
  {
    file: 'src/datasets/generated.ts',
    tests: ['test/datasets/generated.test.ts'],
    faults: [
      ['Math.ceil((rows - which) / classes) - 1', 'Math.ceil(rows / classes) - 1'],
      ['last === 0 ? 0 : Math.floor(row / classes) / last', 'Math.floor(row / classes) / last'],
      ['(number >>> (inputs - 1 - index)) & 1', '(number >>> index) & 1'],
      [
        '    write(row, values, 0)\n    if (numbers[selected.length] !== row) continue\n',
        '    if (numbers[selected.length] !== row) continue\n    write(row, values, 0)\n',
      ],
    ],
  },
  {
    file: 'src/datasets/reading/number-bytes.ts',
    tests: ['test/datasets/reading/csv.test.ts'],
    faults: [
      ['exact && exponent >= -22 && exponent <= 22', 'exact && exponent >= -22 && exponent <= 23'],
      ['    if (index >= end) return Number.NaN\n', ''],
      [
        'exact = false\n      mantissa = mantissa * 10 + (byte - zero)\n      digits += 1\n      exponent -= 1',
        'exact = true\n      mantissa = mantissa * 10 + (byte - zero)\n      digits += 1\n      exponent -= 1',
      ],
    ],
  },
  {
    file: 'src/datasets/split-rows.ts',
    tests: ['test/datasets/split-rows.test.ts'],
    faults: [
      [
        'training: order.slice(0, training), validation: order.slice(training)',
        'training: order.slice(rows - training), validation: order.slice(0, rows - training)',
      ],
      ['[...new Set(values)].sort((a, b) => a - b)', '[...new Set(values)].sort()'],
    ],
  },
  {
    file: 'src/datasets/raw-rows.ts',
    tests: ['test/datasets/encoding.test.ts'],
    faults: [
      ['      this.#inputs.fill(0, begin, begin + width)\n', ''],
      ['const begin = this.#coded.length * width', 'const begin = row * width'],
    ],
  },
  {
    file: 'src/datasets/transfer.ts',
    tests: ['test/datasets/transfer.test.ts'],
    faults: [
      [
        'missing: parts.flatMap(({ now, before }) => without(before, now))',
        'missing: parts.flatMap(({ now, before }) => without(now, before))',
      ],
      ["['false,true', '0,1']", "['false,true']"],
    ],
  },
]
