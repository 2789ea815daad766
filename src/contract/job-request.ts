/** A request for a training. */
import { z } from 'zod'
import { datasetNameSchema, generatedDatasetSchema, scalingSchema } from './dataset.js'
import { derivedFeaturesSchema } from './derived-feature.js'
import { maximumRepeats, validationFoldSchema } from './folds.js'
import { metadataSchema } from './labels.js'
import {
  earlyStoppingSchema,
  lossSchema,
  maximumFolds,
  networkSchema,
  optimizerSchema,
  trainingFields,
} from './network.js'
import { modelReferenceSchema } from './registry.js'
import { watchSchema } from './statistics.js'
import { text } from './text.js'

const finiteNumber = z.number()

export const splitSchema = z.enum(['stratified', 'random', 'chronological'])
export type Split = z.infer<typeof splitSchema>

const maximumClassWeights = 10_000

export const classWeightSchema = z.union(
  [
    z.literal('balanced'),
    z
      .record(z.string().normalize('NFC'), z.number().positive())
      .refine((weights) => Object.keys(weights).length <= maximumClassWeights)
      .meta({ maxProperties: maximumClassWeights }),
  ],
  {
    error: `must be "balanced" or an object that maps at most ${maximumClassWeights} class names to positive weights`,
  },
)
export type ClassWeight = z.infer<typeof classWeightSchema>

const maximumExcludedRows = 10_000
const excludedRowsSchema = z.array(z.int().min(0)).min(1).max(maximumExcludedRows)

export const inlineDatasetSchema = z.strictObject({
  x: z
    .array(z.union([finiteNumber, z.array(finiteNumber).min(1)]))
    .min(1)
    .describe('features, one item per row'),
  y: z
    .array(z.union([finiteNumber, z.array(finiteNumber).min(1)]))
    .min(1)
    .describe('targets, one item per row'),
})
export type InlineDataset = z.infer<typeof inlineDatasetSchema>

export const jobRequestSchema = z
  .strictObject({
    name: text(200).min(1).optional().describe('name to show in lists'),
    dataset: z
      .union([datasetNameSchema, inlineDatasetSchema, generatedDatasetSchema])
      .describe('a `ds_…` id, the name of a built-in, a generated built-in with its parameters, or rows'),
    ...trainingFields,
    network: z
      .union([networkSchema, z.literal('auto')])
      .default('auto')
      .describe(
        'layers, or `auto`: one hidden layer of 100 relu units, for pictures from 12 × 12 pixels a small convolutional ' +
          'network, and a last layer that fits the target. With `auto`, the service also chooses loss, optimizer, epochs and earlyStopping when they are left out. With `from`, the ' +
          'network is that of the model',
      ),
    loss: lossSchema.optional().describe('loss to minimize, required unless the network is `auto`'),
    optimizer: optimizerSchema.optional().describe('optimizer and learning rate. Default: `adam` with 0.001'),
    epochs: trainingFields.epochs
      .optional()
      .describe('passes over the training rows, required unless the network is `auto`'),
    earlyStopping: earlyStoppingSchema
      .nullish()
      .describe('when to stop before `epochs`. Null means never, also with `auto`'),
    validationSplit: z
      .number()
      .min(0)
      .max(0.9)
      .optional()
      .describe('share of the rows held out. Default: 0, unless the network is `auto`'),
    validationFold: validationFoldSchema
      .optional()
      .describe(
        'one fold of the shuffled rows as validation rows, instead of a share. Folds have the sizes and class counts of ' +
          'KFold and StratifiedKFold of scikit-learn',
      ),
    testSplit: z
      .number()
      .min(0)
      .max(0.9)
      .optional()
      .describe(
        'share of the rows kept apart as test rows, selected by `split`. No training, validation, scaling or encoding ' +
          'uses their values. Jobs with the same share keep the same rows apart, whatever their seed',
      ),
    repeats: z
      .int()
      .min(2)
      .max(maximumRepeats)
      .optional()
      .describe(
        'trainings with consecutive seeds, of which the job is the first. `GET /jobs/{id}/repeats` has their mean and ' +
          'deviation. With `folds`, each repeat shuffles the folds anew',
      ),
    folds: z
      .int()
      .min(2)
      .max(maximumFolds)
      .optional()
      .describe(
        'cross-validation: the job trains on all rows, and beside it one training without each fold is validated on the ' +
          'rows of that fold',
      ),
    validationDataset: z
      .union([datasetNameSchema, generatedDatasetSchema])
      .optional()
      .describe(
        'dataset with validation rows instead of a split. It has the same columns, and is named as in `dataset`',
      ),
    split: splitSchema
      .optional()
      .describe(
        'how validationSplit, validationFold and testSplit select rows: `stratified` by class (default for classes), `random` (default for numbers), ' +
          'or `chronological`: the last rows',
      ),
    classWeight: classWeightSchema
      .optional()
      .describe(
        'weight of each class in the loss: `balanced` (rows / (classes · rows of the class), over the training rows) or ' +
          'an object of weights by class name. A class left out has the weight 1',
      ),
    sampleWeight: text(200)
      .min(1)
      .normalize('NFC')
      .optional()
      .describe(
        'name of the number column with the weight of each row in the loss. The column is then not a feature',
      ),
    excludedRows: excludedRowsSchema
      .optional()
      .describe(
        'rows of the dataset, numbered from 0, that the training ignores. They have no weight in the loss, and scalings and ' +
          'class weights do not count them. The other rows keep their batches, so the difference from a job without this ' +
          'field is the influence of these rows',
      ),
    targetScaling: scalingSchema
      .optional()
      .describe(
        'scaling of number targets: `standardize`, `minMax` or `none`. The loss is on that scale. Predictions and ' +
          'evaluations are in the unit of the target. Default: `standardize` for uploads, else `none`',
      ),
    fromMismatch: z
      .enum(['refuse', 'initialize'])
      .default('refuse')
      .describe(
        'if columns, categories or classes differ from the model in `from`: `refuse` the job, or `initialize` the ' +
          'weights of new ones and keep the others',
      ),
    scaling: scalingSchema
      .optional()
      .describe(
        'scaling of number columns: `standardize` (mean 0 and standard deviation 1 over the training rows), `minMax` ' +
          '(0 to 1) or `none`. Default: `standardize` for uploads and `iris`, else `none`',
      ),
    derivedFeatures: derivedFeaturesSchema
      .optional()
      .describe(
        'inputs computed from number columns, after those of the columns: `square`, `sin` or `product`. They are computed ' +
          'from unscaled values and then scaled by `scaling`. Predictions take the columns only. Default: none; with ' +
          '`from`, those of the model',
      ),
    from: modelReferenceSchema
      .optional()
      .describe('model whose weights the training starts from: its id, `name@alias` or `name@version`'),
    watch: watchSchema
      .optional()
      .describe(
        '`diagnose` takes statistics of the layers after some epochs (`GET /jobs/{id}/statistics`), which the diagnosis ' +
          'uses. They take at most 4 % of the training time or 10 ms, and do not change its results',
      ),
    threads: z
      .int()
      .min(1)
      .max(64)
      .default(1)
      .describe('threads of this training on the native backend. The result depends on their number'),
    priority: z
      .int()
      .min(-100)
      .max(100)
      .default(0)
      .describe('jobs of the same tenant with a higher priority run first'),
    metadata: metadataSchema.optional().describe('up to 16 pairs of text, returned with the job'),
    reuse: z
      .boolean()
      .default(true)
      .describe(
        'whether the stored run of an equal job answers at once: same spec with the same explicit `seed`, same data, same ' +
          'release and backend. `false` trains anew',
      ),
  })
  .meta({
    examples: [
      {
        name: 'xor',
        dataset: 'xor',
        network: {
          layers: [
            { type: 'dense', units: 4, activation: 'tanh' },
            { type: 'dense', units: 1, activation: 'sigmoid' },
          ],
        },
        loss: 'binaryCrossentropy',
        optimizer: { type: 'adam', learningRate: 0.05 },
        epochs: 500,
        seed: 1,
      },
    ],
  })
export type JobRequest = z.infer<typeof jobRequestSchema>
