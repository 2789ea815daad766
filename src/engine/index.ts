/** The engine: specs and numbers in, numbers out. compile · train · predict, and nothing else. */
export { sizeOf } from './arena.js'
export { compile, outputShape } from './compile.js'
export { Dataset, type DatasetHandle, type DatasetSize } from './dataset.js'
export { countOf, type Epoch, type EpochRun, epochsBehind, joinEpochs, readEpochs } from './epoch.js'
export type { BackendName } from './kernels/kernels.js'
export { type BackendChoice, explainBackend, runnableBackend } from './kernels/select.js'
export {
  type Asked,
  type PredictionCost,
  type PredictionOptions,
  Predictor,
  predict,
  predictionCost,
} from './predict.js'
export type { DataShape, LayerSummary, Program } from './program.js'
export { normalizeWeights } from './row-weights.js'
export { SpecError } from './spec-error.js'
export { foldsOf, splitRows, splitSizes, splitStratified } from './splitting.js'
export {
  type SliceLimits,
  type Snapshot,
  type Training,
  type TrainingOptions,
  type TrainingState,
  train,
} from './train.js'
export { checkWeights, drawWeights, type WeightShapes, type Weights } from './weights.js'
