/** The public interface of the engine: compile a spec, train a network, predict. */
export { elementCount } from './arena.js'
export { compile, compilePrediction, outputShape } from './compile.js'
export { Dataset, type DatasetHandle, type DatasetSize } from './dataset.js'
export { type Epoch, type EpochRun, epochCount, epochsAfter, joinEpochs, readEpochs } from './epoch.js'
export type { BackendName } from './kernels/backend.js'
export { explainBackend, runnableBackend, variantOf } from './kernels/backends.js'
export { normalizeWeights } from './normalize-weights.js'
export type { ElementActivation, Operation, OperationOf } from './operations.js'
export {
  type PredictionCost,
  Predictor,
  predict,
  predictionCost,
  type RowPredictor,
} from './predict.js'
export type { DataShape, Program } from './program.js'
export { lossOfRow, usesLogits } from './row-loss.js'
export { epochsBeforeDecay, sharedEpochs } from './schedules.js'
export type { SliceLimits, TrainingState } from './slice.js'
export { SpecError } from './spec-error.js'
export {
  splitFolds,
  splitRows,
  splitSizes,
  splitStratified,
  validationRowsPerClass,
} from './splitting.js'
export type { EpochStatistics } from './statistics.js'
export { type Snapshot, type Training, train } from './train.js'
export { checkWeights, drawWeights, type WeightShapes, type Weights } from './weights.js'
