/**
 * The exports of the module. The host calls `run` and `predict`. The other exports only prevent inlining: inlined
 * micro-kernels would spill their accumulators, and an inlined step would stay in baseline code, because V8 optimizes a
 * function only when it is called again.
 */
export { predict, run, step, finishEpoch } from './executor'
export { runOperations } from './operations'
export { fourDots, gemmNarrow, panelRows, packedPanelRows, dotProducts, gemm } from './gemm'
export {
  block1, block2, block3, block4, block5, block6, dotBlock1, dotBlock2, dotBlock3, dotBlock4, dotBlock5, dotBlock6,
  eightDots,
} from './gemm-blocks'
export {
  convolutionBlock1, convolutionBlock2, convolutionBlock3, convolutionBlock4, convolutionBlock5, convolutionBlock6,
  narrowBlock4, narrowBlock8, tapBlock1, tapBlock2, tapBlock3, tapBlock4, tapBlock5, tapBlock6,
} from './convolution-blocks'
export { convolutionColumn } from './convolution'
export { tapRows } from './convolution-weights'
