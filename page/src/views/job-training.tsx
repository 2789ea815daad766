/** The training settings of a new job. */
import type { Dataset, JobSpec } from '../api/types.js'
import { NumberField, SelectField, TextField } from '../components/field.js'
import { AugmentationFields } from './augmentation-fields.js'
import { DerivedFields } from './derived-fields.js'
import { hasNumberTargets, isImbalanced, type JobForm, numberFeatures, usualDecay } from './job-form.js'
import { ValidationFields } from './validation-fields.js'

export interface TrainingProps {
  form: JobForm
  dataset: Dataset
  datasets: readonly Dataset[]
  /** The validated spec. Null while the form is invalid or the validation is pending. */
  spec: JobSpec | null
  change(part: Partial<JobForm>): void
  errorAt(pointer: string): string | undefined
  onDataset(dataset: Dataset): void
}

export function TrainingFields(props: TrainingProps) {
  const { form, dataset, change, errorAt } = props
  return (
    <>
      {form.chosenBy === 'reader' ? <OptimizerFields {...props} /> : null}
      <ValidationFields {...props} />
      {isImbalanced(dataset) ? (
        <SelectField
          label="Class weights"
          value={form.classWeight}
          error={errorAt('/classWeight')}
          hint="The classes differ widely in size."
          onChange={(classWeight) => change({ classWeight })}
          options={[
            ['none', 'none: all rows weigh the same'],
            ['balanced', 'balanced: rare classes weigh more'],
          ]}
        />
      ) : null}
      {dataset.image === null ? null : <AugmentationFields {...props} />}
      {numberFeatures(dataset).length === 0 ? null : <DerivedFields key={dataset.id} {...props} />}
      {hasNumberTargets(dataset) ? <TargetScaling {...props} /> : null}
      <div class="pair">
        <TextField
          label="Seed"
          value={form.seed}
          placeholder="random"
          error={errorAt('/seed')}
          onChange={(seed) => change({ seed })}
        />
        <TextField
          label="Name"
          value={form.name}
          placeholder="optional"
          error={errorAt('/name')}
          onChange={(name) => change({ name })}
        />
      </div>
      <TrustFields {...props} />
      <SelectField
        label="Statistics of layers"
        value={form.watch}
        hint="For the diagnosis: norms of weights and gradients, dead and saturated units."
        onChange={(watch) => change({ watch })}
        options={[
          ['diagnose', 'after some epochs'],
          ['nothing', 'none'],
        ]}
      />
    </>
  )
}

/** Several trainings show how far chance changes the metrics. */
function TrustFields({ form, change, errorAt }: TrainingProps) {
  return (
    <div class="pair">
      <NumberField
        label="Repeats"
        value={form.repeats}
        min={1}
        max={100}
        step={1}
        hint="trainings with consecutive seeds"
        error={errorAt('/repeats')}
        onChange={(repeats) => change({ repeats })}
      />
      <NumberField
        label="Folds"
        value={form.parts}
        min={1}
        max={100}
        step={1}
        hint="cross-validation; 1 for none"
        error={errorAt('/folds')}
        onChange={(parts) => change({ parts })}
      />
      <NumberField
        label="Test split"
        value={form.testSplit}
        min={0}
        max={0.9}
        step={0.05}
        hint="fraction kept apart for one last test"
        error={errorAt('/testSplit')}
        onChange={(testSplit) => change({ testSplit })}
      />
    </div>
  )
}

const scalingNames = {
  standardize: 'standardize (mean 0, standard deviation 1)',
  minMax: 'min–max (0 to 1)',
  none: 'none',
} as const satisfies Record<JobSpec['targetScaling'], string>

function TargetScaling({ form, spec, change, errorAt }: TrainingProps) {
  const chosen =
    spec === null || form.targetScaling !== 'default' ? '' : `: ${scalingNames[spec.targetScaling]}`
  return (
    <SelectField
      label="Target scaling"
      value={form.targetScaling}
      error={errorAt('/targetScaling')}
      hint="The loss has this scale. Predictions and the evaluation have the original unit."
      onChange={(targetScaling) => change({ targetScaling })}
      options={[
        ['default', `default${chosen}`],
        ['standardize', scalingNames.standardize],
        ['minMax', scalingNames.minMax],
        ['none', scalingNames.none],
      ]}
    />
  )
}

function OptimizerFields({ form, change, errorAt }: TrainingProps) {
  return (
    <div class="pair">
      <SelectField
        label="Optimizer"
        value={form.optimizer}
        onChange={(optimizer) => change({ optimizer, weightDecay: usualDecay(optimizer) })}
        options={[
          ['adam', 'Adam'],
          ['adamw', 'AdamW'],
          ['sgd', 'SGD'],
          ['momentum', 'SGD, momentum 0.9'],
          ['rmsprop', 'RMSprop'],
          ['adagrad', 'Adagrad'],
        ]}
      />
      <NumberField
        label="Learning rate"
        value={form.learningRate}
        min={0}
        error={errorAt('/optimizer')}
        onChange={(learningRate) => change({ learningRate })}
      />
      <NumberField
        label="Epochs"
        value={form.epochs}
        min={1}
        step={1}
        error={errorAt('/epochs')}
        onChange={(epochs) => change({ epochs })}
      />
      <TextField
        label="Batch size"
        value={form.batchSize}
        hint="a number or full"
        error={errorAt('/batchSize')}
        onChange={(batchSize) => change({ batchSize })}
      />
      <NumberField
        label="L1 regularization"
        value={form.l1}
        min={0}
        hint="pulls weights to 0; 0 for none"
        error={errorAt('/l1')}
        onChange={(l1) => change({ l1 })}
      />
      <NumberField
        label={form.optimizer === 'adamw' ? 'Weight decay' : 'L2 regularization'}
        value={form.weightDecay}
        min={0}
        hint={form.optimizer === 'adamw' ? 'apart from the gradient' : 'keeps weights small; 0 for none'}
        error={errorAt('/optimizer/weightDecay')}
        onChange={(weightDecay) => change({ weightDecay })}
      />
      <StoppingFields form={form} change={change} errorAt={errorAt} />
    </div>
  )
}

function StoppingFields({ form, change, errorAt }: Pick<TrainingProps, 'form' | 'change' | 'errorAt'>) {
  return (
    <>
      <SelectField
        label="Early stopping"
        value={form.stopping}
        error={form.stopping === 'never' ? errorAt('/earlyStopping') : undefined}
        onChange={(stopping) => change({ stopping })}
        options={[
          ['never', 'none'],
          ['patience', 'patience'],
          ['folds', 'cross-validation'],
        ]}
      />
      {form.stopping === 'never' ? null : (
        <NumberField
          label="Patience"
          value={form.patience}
          min={0}
          step={1}
          hint="epochs without improvement"
          error={form.stopping === 'patience' ? errorAt('/earlyStopping') : undefined}
          onChange={(patience) => change({ patience })}
        />
      )}
      {form.stopping === 'folds' ? (
        <NumberField
          label="Folds"
          value={form.folds}
          min={2}
          max={20}
          step={1}
          error={errorAt('/earlyStopping')}
          onChange={(folds) => change({ folds })}
        />
      ) : null}
    </>
  )
}
