/**
 * The module's face. `run` and `predict` are what the host calls. The rest is exported only so that the optimizer neither
 * inlines the register blocks into larger functions, where their accumulators would no longer stay in registers, nor the
 * steps into the loop around them, which runs in the engine's slower first compilation until it is called again.
 */
export { predict, run, step, finishEpoch } from './executor'
export { perform } from './operations'
export { fourDots, narrowProduct, panelRows, packedPanelRows, dotProducts, product } from './product'
export {
  block1, block2, block3, block4, block5, block6, dotBlock1, dotBlock2, dotBlock3, dotBlock4, dotBlock5, dotBlock6,
  eightDots,
} from './product-blocks'
export {
  convolutionBlock1, convolutionBlock2, convolutionBlock3, convolutionBlock4, convolutionBlock5, convolutionBlock6,
  slimBlock4, slimBlock8, tapBlock1, tapBlock2, tapBlock3, tapBlock4, tapBlock5, tapBlock6,
} from './convolution-blocks'
export { convolutionColumn } from './convolution'
export { tapRows } from './convolution-weights'
