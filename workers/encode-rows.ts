/** Splits and encodes the rows of a job into memory that all threads see. */
import { inputWidth } from '../src/contract/dataset.js'
import { isDivided } from '../src/contract/folds.js'
import type { JobSpec } from '../src/contract/job-spec.js'
import { encode } from '../src/datasets/encoding.js'
import type { Part } from '../src/datasets/feature-coding.js'
import { isWeighted } from '../src/datasets/row-weights.js'
import { everyRow, splitTable } from '../src/datasets/split-rows.js'
import { targetCoding, targetWidth } from '../src/datasets/target-coding.js'
import { Dataset, elementCount, normalizeWeights, outputShape } from '../src/engine/index.js'
import type { RawData, SharedData } from './messages.js'

interface Parts {
  training: Part
  validation: Part
}

/** @throws DatasetError if the rows cannot be trained on */
export function encodeRows(spec: JobSpec, data: RawData, parts = selectParts(spec, data)): SharedData {
  const { columns } = data.training
  const features = inputWidth(columns, spec.sampleWeight) + (spec.derivedFeatures?.length ?? 0)
  const outputs = elementCount(outputShape(spec.network, spec.network.inputShape ?? [features]))
  const options = { ...spec, outputs, image: data.image, inheritance: data.inheritance }
  const dataset = Dataset.allocate({
    trainingRows: parts.training.rows.length,
    validationRows: parts.validation.rows.length,
    features,
    targetWidth: targetWidth(targetCoding({ columns }, options)),
    weighted: isWeighted(spec),
  })
  const coding = encode(parts.training, parts.validation, options, dataset)
  normalizeWeights(dataset, spec.loss)
  return { type: 'shared', handle: dataset.share(), coding }
}

function selectParts(spec: JobSpec, { training: table, validation }: RawData): Parts {
  if (validation !== null) {
    return {
      training: { table, rows: isDivided(spec) ? splitTable(spec, table).training : everyRow(table) },
      validation: { table: validation, rows: everyRow(validation) },
    }
  }
  const split = splitTable(spec, table)
  return { training: { table, rows: split.training }, validation: { table, rows: split.validation } }
}
