/** Findings about a training, from its losses, its spec and the description of its dataset. */
import { z } from 'zod'
import { forkRequestSchema } from './fork.js'

interface FindingKind {
  title: string
  /** Why it matters, in one sentence for a student. */
  why: string
}

export const findings = {
  'constant-target': {
    title: 'Constant target',
    why: 'If every row has the same answer, the network learns to ignore its inputs.',
  },
  'unscaled-input': {
    title: 'Unscaled input',
    why: 'A column of large numbers dominates the gradient, so no learning rate suits all weights.',
  },
  'unscaled-target': {
    title: 'Unscaled target',
    why: 'The gradient grows with the error, so targets far from 1 make steps far too large or too small.',
  },
  'imbalance-ignored': {
    title: 'Ignored imbalance',
    why: 'A network that always predicts the frequent class has a high accuracy without any knowledge.',
  },
  'initial-loss': {
    title: 'High initial loss',
    why: 'A network that is certain before its training is often wrong, and has to unlearn that first.',
  },
  'dead-units': {
    title: 'Dead units',
    why: 'A relu unit that is 0 for every row has no gradient, so it never learns again.',
  },
  'saturated-units': {
    title: 'Saturated units',
    why: 'Sigmoid and tanh are almost flat near their limits, so the weights before them hardly change.',
  },
  'exploding-gradient': {
    title: 'Exploding gradient',
    why: 'If each layer makes the gradient larger, the first layers take steps that destroy what they have learned.',
  },
  'vanishing-gradient': {
    title: 'Vanishing gradient',
    why: 'Each layer multiplies the gradient by its slope, so the first layers hardly learn if many slopes are small.',
  },
  'divergence-coming': {
    title: 'Growing loss',
    why: 'Each step overshoots further than the one before, until the numbers are no longer finite.',
  },
  'learning-rate-too-high': {
    title: 'Learning rate too high',
    why: 'Steps that are too long jump over the minimum instead of going down into it.',
  },
  'batch-too-large': {
    title: 'Batch too large',
    why: 'The weights change only once per batch, so large batches mean few steps for the same work.',
  },
  'learning-rate-too-low': {
    title: 'Learning rate too low',
    why: 'Steps that are too short need many more epochs to reach the same loss.',
  },
  underfitting: {
    title: 'Underfitting',
    why: 'The network is no better than a constant guess, so it has not found how the target depends on the inputs.',
  },
  plateau: {
    title: 'Plateau',
    why: 'Epochs without progress cost time, and only a change of the training improves the loss further.',
  },
  'shuffled-labels': {
    title: 'Labels without a pattern',
    why: 'A large network can memorize random labels, but nothing that it memorizes helps on new rows.',
  },
  overfitting: {
    title: 'Overfitting',
    why: 'The network memorizes its training rows, and its predictions on new rows become worse.',
  },
  'validation-easier': {
    title: 'Easier validation rows',
    why: 'If validation rows are easier than training rows, their loss says too little about new rows.',
  },
  'possible-leak': {
    title: 'Leaked target',
    why: 'A column that contains the answer makes perfect figures, but it is often unknown when a prediction is needed.',
  },
} as const satisfies Record<string, FindingKind>

const codes = Object.keys(findings) as [FindingCode, ...FindingCode[]]
export type FindingCode = keyof typeof findings

export const severityMeanings = {
  error: 'the training failed or cannot learn',
  warning: 'a change probably gives a better model',
  note: 'worth knowing, and often no fault',
} as const
export const severitySchema = z.enum(['error', 'warning', 'note'])

/** A JSON value of a patch. */
const patchSchema = z
  .record(z.string(), z.unknown())
  .describe('JSON merge patch (RFC 7396) for the spec of the job as a body of POST /jobs')

export const findingSchema = z.object({
  code: z.enum(codes),
  severity: severitySchema,
  title: z.string(),
  why: z.string().describe('why it matters'),
  seen: z.object({
    sentence: z.string(),
    figures: z.record(z.string(), z.number()).describe('the figures of the sentence by name'),
  }),
  sinceEpoch: z
    .int()
    .min(1)
    .nullable()
    .describe('the first epoch that shows it; null if the spec or the data do'),
  patch: patchSchema.nullable().describe('null if no change of the spec helps'),
  fork: forkRequestSchema
    .nullable()
    .describe(
      'body of POST /jobs/{id}/fork that applies the patch from the epoch in which the finding began; null if the patch ' +
        'needs a new job',
    ),
  advice: z.string().describe('what to do: what the patch changes, or what to do instead'),
})
export type Finding = z.infer<typeof findingSchema>

export const diagnosisSchema = z
  .object({
    object: z.literal('diagnosis'),
    jobId: z.string(),
    epoch: z.int().describe('the last epoch that was examined'),
    findings: z.array(findingSchema).describe('the most severe first'),
  })
  .meta({
    examples: [
      {
        object: 'diagnosis',
        jobId: 'job_0123456789abcdef0123456789abcdef',
        epoch: 60,
        findings: [
          {
            code: 'learning-rate-too-low',
            severity: 'warning',
            ...findings['learning-rate-too-low'],
            seen: {
              sentence: 'At a learning rate of 0.0001, the training loss fell only from 0.835 to 0.782.',
              figures: { first: 0.835, last: 0.782, projected: 0.782, learningRate: 0.0001 },
            },
            sinceEpoch: 1,
            patch: { optimizer: { learningRate: 0.01 } },
            fork: null,
            advice: 'Raise the learning rate to 0.01.',
          },
        ],
      },
    ],
  })
export type Diagnosis = z.infer<typeof diagnosisSchema>
