/** The search in the form of a new sweep, and the button that starts it. */
import { NumberField, SelectField, TextField } from '../components/field.js'
import { Icon } from '../components/icon.js'
import { plural } from '../format.js'
import { countTrials } from '../sweeps/count-trials.js'
import type { SweepForm } from '../sweeps/form.js'
import { metricTitle } from '../sweeps/names.js'

interface Props {
  form: SweepForm
  change(part: Partial<SweepForm>): void
  errorAt(field: string): string | undefined
}

export function SearchFields({ form, change, errorAt }: Props) {
  const hasMinimum = form.search === 'asha'
  return (
    <div class="pair">
      <SelectField
        label="Search"
        value={form.search}
        error={form.search === 'grid' ? errorAt('/search') : undefined}
        onChange={(search) => change({ search })}
        options={[
          ['grid', 'grid: all combinations'],
          ['random', 'random points'],
          ['asha', 'asha: random points, the worse ones stop early'],
          ['tpe', 'tpe: points that learn from results'],
        ]}
      />
      {form.search === 'grid' ? null : (
        <NumberField
          label="Points"
          value={form.points}
          min={1}
          step={1}
          error={hasMinimum && errorAt('/search/points') === undefined ? undefined : errorAt('/search')}
          onChange={(points) => change({ points })}
        />
      )}
      {hasMinimum ? (
        <NumberField
          label="Epochs before the first decision"
          value={form.minimumEpochs}
          min={1}
          step={1}
          error={errorAt('/search/minimumEpochs')}
          onChange={(minimumEpochs) => change({ minimumEpochs })}
        />
      ) : null}
      <SelectField
        label="Metric"
        value={form.metric}
        error={errorAt('/metric')}
        onChange={(metric) => change({ metric })}
        options={(['valLoss', 'valAccuracy', 'loss', 'accuracy'] as const).map((metric) => [
          metric,
          metricTitle(metric),
        ])}
      />
      <NumberField
        label="Seeds per point"
        value={form.seeds}
        min={1}
        max={100}
        step={1}
        error={errorAt('/seeds')}
        onChange={(seeds) => change({ seeds })}
      />
      <TextField
        label="Name"
        value={form.name}
        placeholder="optional"
        error={errorAt('/name')}
        onChange={(name) => change({ name })}
      />
    </div>
  )
}

export function StartSweep({ form, isSending }: { form: SweepForm; isSending: boolean }) {
  const trials = countTrials(form)
  return (
    <>
      <p aria-live="polite">
        {Number.isFinite(trials) ? (
          <>
            This sweep has <b>{plural(trials, 'trial')}</b>.
          </>
        ) : (
          'A number is missing.'
        )}
      </p>
      <div class="actions">
        <button type="submit" class="primary large" disabled={isSending || !(trials >= 1)}>
          <Icon name="play" /> {isSending ? 'Starting …' : 'Start sweep'}
        </button>
      </div>
    </>
  )
}
