/** Fields for the validation rows of a job: a split of its dataset, or another dataset, which can be uploaded here. */
import { useState } from 'preact/hooks'
import { client } from '../api/client.js'
import { type Problem, toProblem } from '../api/problem.js'
import type { JobSpec } from '../api/types.js'
import { NumberField, SelectField } from '../components/field.js'
import { Icon } from '../components/icon.js'
import { ErrorNotice } from '../components/notice.js'
import { datasetTitle } from './job-data.js'
import type { JobForm, Split } from './job-form.js'
import type { TrainingProps } from './job-training.js'

export function ValidationFields(props: TrainingProps) {
  const { form, change, errorAt } = props
  return (
    <div class="pair wide">
      <SelectField
        label="Validation data"
        value={form.heldOut}
        onChange={(heldOut) => change({ heldOut })}
        options={[
          ...(form.chosenBy === 'service' ? [['service', 'chosen by the service'] as const] : []),
          ['split', 'a split of the dataset'],
          ['dataset', 'another dataset'],
        ]}
      />
      {form.heldOut === 'split' ? (
        <NumberField
          label="Validation split"
          value={form.validationSplit}
          min={0}
          max={0.9}
          step={0.05}
          hint="fraction of the rows held out"
          error={errorAt('/validationSplit')}
          onChange={(validationSplit) => change({ validationSplit })}
        />
      ) : null}
      {form.heldOut === 'dataset' ? <ValidationDataset {...props} /> : <SplitField {...props} />}
    </div>
  )
}

const splitNames: Record<Split, string> = {
  stratified: 'stratified: by class',
  random: 'random',
  chronological: 'chronological: the last rows',
}

function SplitField({ form, dataset, spec, change, errorAt }: TrainingProps) {
  const splits: Split[] =
    dataset.classes === null ? ['random', 'chronological'] : ['stratified', 'random', 'chronological']
  return (
    <SelectField
      label="Split"
      value={form.split}
      error={errorAt('/split')}
      onChange={(split) => change({ split })}
      options={[
        ['default', defaultName(form, spec)],
        ...splits.map((split) => [split, splitNames[split]] as const),
      ]}
    />
  )
}

const defaultName = ({ split }: JobForm, spec: JobSpec | null) =>
  spec === null || split !== 'default' ? 'default' : `default: ${spec.split}`

function ValidationDataset({ form, dataset, datasets, change, errorAt, onDataset }: TrainingProps) {
  const [problem, setProblem] = useState<Problem | null>(null)
  const [sending, setSending] = useState(false)
  const others = datasets.filter(({ id, origin }) => id !== dataset.id && origin === 'uploaded')
  const receive = async (list: FileList | null) => {
    const files = [...(list ?? [])]
    const [first] = files
    if (first === undefined) return
    setSending(true)
    try {
      // Reads its columns with the types of the training dataset.
      const created = await client.datasets.upload(files, {
        name: first.name.replace(/(\.\w+)+$/, ''),
        like: dataset.id,
      })
      onDataset(created)
      change({ validationDataset: created.id })
      setProblem(null)
    } catch (error) {
      setProblem(toProblem(error))
    }
    setSending(false)
  }
  return (
    <>
      <SelectField
        label="Validation dataset"
        value={form.validationDataset}
        error={errorAt('/validationDataset')}
        onChange={(validationDataset) => change({ validationDataset })}
        options={[['', 'choose …'], ...others.map((other) => [other.id, datasetTitle(other)] as const)]}
      />
      <label class={`button file ${sending ? 'busy' : ''}`}>
        <Icon name="upload" /> {sending ? 'Uploading …' : 'Upload validation rows'}
        <input
          type="file"
          disabled={sending}
          onChange={({ currentTarget }) => {
            void receive(currentTarget.files).then(() => {
              currentTarget.value = ''
            })
          }}
        />
      </label>
      <ErrorNotice error={problem} />
    </>
  )
}
