/** How a new job trains: steps and stopping where the reader chooses them, the rows it is judged by, and weights. */
import type { Dataset, JobSpec } from '../api/types.js'
import { NumberField, SelectField, TextField } from '../components/field.js'
import { ValidationFields } from './validation-fields.js'
import { hasNumberTargets, isImbalanced, type JobForm } from './job-form.js'

export interface TrainingProps {
  form: JobForm
  dataset: Dataset
  datasets: readonly Dataset[]
  /** As accepted; null while the form is wrong or the service has not answered. */
  spec: JobSpec | null
  change(part: Partial<JobForm>): void
  errorAt(place: string): string | undefined
  onDataset(dataset: Dataset): void
}

export function TrainingFields(props: TrainingProps) {
  const { form, dataset, change, errorAt } = props
  return (
    <>
      {form.chosenBy === 'reader' ? <Steps {...props} /> : null}
      <ValidationFields {...props} />
      {isImbalanced(dataset) ? (
        <SelectField
          label="Weight of the classes"
          value={form.classWeight}
          error={errorAt('/classWeight')}
          hint="The classes of these data are of very different size."
          onChange={(classWeight) => change({ classWeight })}
          options={[
            ['none', 'every row counts the same'],
            ['balanced', 'balanced: rows of rare classes count more'],
          ]}
        />
      ) : null}
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
    </>
  )
}

const scalingNames = {
  standardize: 'mean 0, deviation 1',
  minMax: 'from 0 to 1',
  none: 'as it is',
} as const satisfies Record<JobSpec['targetScaling'], string>

function TargetScaling({ form, spec, change, errorAt }: TrainingProps) {
  const chosen =
    spec === null || form.targetScaling !== 'default' ? '' : `: ${scalingNames[spec.targetScaling]}`
  return (
    <SelectField
      label="Scale of the target in training"
      value={form.targetScaling}
      error={errorAt('/targetScaling')}
      hint="The loss is on this scale; predictions and the evaluation are in the target’s own unit."
      onChange={(targetScaling) => change({ targetScaling })}
      options={[
        ['default', `the default${chosen}`],
        ['standardize', scalingNames.standardize],
        ['minMax', scalingNames.minMax],
        ['none', scalingNames.none],
      ]}
    />
  )
}

function Steps({ form, change, errorAt }: TrainingProps) {
  return (
    <div class="pair">
      <SelectField
        label="Optimizer"
        value={form.optimizer}
        onChange={(optimizer) => change({ optimizer })}
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
        hint="a number, or full"
        error={errorAt('/batchSize')}
        onChange={(batchSize) => change({ batchSize })}
      />
      <Stopping form={form} change={change} errorAt={errorAt} />
    </div>
  )
}

function Stopping({ form, change, errorAt }: Pick<TrainingProps, 'form' | 'change' | 'errorAt'>) {
  return (
    <>
      <SelectField
        label="Stops"
        value={form.stopping}
        error={form.stopping === 'never' ? errorAt('/earlyStopping') : undefined}
        onChange={(stopping) => change({ stopping })}
        options={[
          ['never', 'after all epochs'],
          ['patience', 'without progress'],
          ['folds', 'by folds'],
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
