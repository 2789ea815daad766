/** Dispatches each operation of the catalogue to the function that defines it. */
import type { OperationName, OperationOf } from '../../operations.js'
import { activationBackward, activationForward, softmaxBackward, softmaxForward } from './activation.js'
import {
  batchNormalizationBackward,
  batchNormalizationForward,
  batchNormalizationInference,
} from './batch-normalization.js'
import { convolutionBackwardInput, convolutionBackwardWeights, convolutionForward } from './convolution.js'
import { denseBackwardInput, denseBackwardWeights, denseForward } from './dense.js'
import { dropoutBackward, dropoutForward } from './dropout.js'
import {
  locallyConnectedBackwardInput,
  locallyConnectedBackwardWeights,
  locallyConnectedForward,
} from './locally-connected.js'
import { loss, weightedLoss } from './loss.js'
import {
  adagradUpdate,
  adamUpdate,
  clipGradients,
  decayWeights,
  rmspropUpdate,
  sgdUpdate,
} from './optimizer.js'
import {
  averagePoolingBackward,
  averagePoolingForward,
  maxPoolingBackward,
  maxPoolingForward,
} from './pooling.js'
import type { Run } from './run.js'

type Kernels = { readonly [Name in OperationName]: (operation: OperationOf<Name>, run: Run) => void }

const kernels: Kernels = {
  denseForward,
  denseBackwardWeights,
  denseBackwardInput,
  activationForward,
  activationBackward,
  softmaxForward,
  softmaxBackward,
  convolutionForward,
  convolutionBackwardWeights,
  convolutionBackwardInput,
  locallyConnectedForward,
  locallyConnectedBackwardWeights,
  locallyConnectedBackwardInput,
  maxPoolingForward,
  maxPoolingBackward,
  averagePoolingForward,
  averagePoolingBackward,
  batchNormalizationForward,
  batchNormalizationInference,
  batchNormalizationBackward,
  dropoutForward,
  dropoutBackward,
  loss,
  weightedLoss,
  clipGradients,
  decayWeights,
  sgdUpdate,
  adamUpdate,
  rmspropUpdate,
  adagradUpdate,
}

export function runOperation<Name extends OperationName>(operation: OperationOf<Name>, run: Run): void {
  const kernel: Kernels[Name] = kernels[operation.op]
  kernel(operation, run)
}
