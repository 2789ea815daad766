/** How the outputs of a network become a prediction, for generated code. */
import type { TargetCoding } from '../contract/dataset.js'
import { isTwoClassOutput, lastActivation } from '../contract/network.js'
import { givesProbabilities, positiveThreshold } from '../datasets/prediction.js'
import { targetWidth } from '../datasets/target-coding.js'
import type { ExportableModel } from './exporter.js'

export interface AnswerRules {
  type: TargetCoding['type']
  /** Names of the classes, or of several boolean targets, or of the numbers. */
  names: string[]
  /** Whether the outputs are probabilities, so that predictions have them by name. */
  hasProbabilities: boolean
  /** The lowest last output that means the second class. Null: the largest output is the class. */
  positiveFrom: number | null
  /** output · scale + offset is in the unit of the target. Null: as the network gives it. */
  scaling: { offset: number[]; scale: number[] } | null
}

export function answerRules({ coding: { target }, network, loss, threshold }: ExportableModel): AnswerRules {
  const activation = lastActivation(network)
  const width = targetWidth(target)
  const single = positiveThreshold(loss)
  const hasProbabilities = givesProbabilities(target, activation)
  switch (target.type) {
    case 'number': {
      const { scaling } = target
      return {
        type: target.type,
        names: target.names,
        hasProbabilities,
        positiveFrom: null,
        scaling: scaling === undefined ? null : { offset: scaling.offset, scale: scaling.scale },
      }
    }
    case 'multiLabel':
      return {
        type: target.type,
        names: target.names,
        hasProbabilities,
        positiveFrom: single,
        scaling: null,
      }
    case 'oneHot':
    case 'binary': {
      const chosen = isTwoClassOutput(width, activation) ? threshold : null
      return {
        type: target.type,
        names: target.classes,
        hasProbabilities,
        positiveFrom: chosen ?? (width === 1 ? single : null),
        scaling: null,
      }
    }
    default:
      return target satisfies never
  }
}
