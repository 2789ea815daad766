/** How the training rows of pictures change before each epoch. */
import { NumberField, SelectField } from '../components/field.js'
import type { JobForm } from './job-form.js'
import type { TrainingProps } from './job-training.js'

type Augmentation = JobForm['augmentation']

export function AugmentationFields({ form, change, errorAt }: TrainingProps) {
  const { augmentation } = form
  const set = (part: Partial<Augmentation>) => change({ augmentation: { ...augmentation, ...part } })
  return (
    <fieldset class="augmentation">
      <legend>Augmentation</legend>
      <p class="hint">
        Changes the training pictures at random before each epoch, so that few are not learned by heart.
      </p>
      <div class="pair">
        <SelectField
          label="Flip"
          value={augmentation.flip}
          error={errorAt('/augmentation/flip')}
          onChange={(flip) => set({ flip })}
          options={[
            ['none', 'none'],
            ['horizontal', 'left and right'],
            ['vertical', 'top and bottom'],
            ['both', 'both'],
          ]}
        />
        <NumberField
          label="Shift"
          value={augmentation.shift}
          min={0}
          max={0.5}
          step={0.05}
          hint="at most this share of the size"
          error={errorAt('/augmentation/shift')}
          onChange={(shift) => set({ shift })}
        />
        <NumberField
          label="Rotation"
          value={augmentation.rotate}
          min={0}
          max={180}
          step={5}
          hint="at most so many degrees"
          error={errorAt('/augmentation/rotate')}
          onChange={(rotate) => set({ rotate })}
        />
        <NumberField
          label="Noise"
          value={augmentation.noise}
          min={0}
          max={10}
          step={0.05}
          hint="deviation, of scaled pixels"
          error={errorAt('/augmentation/noise')}
          onChange={(noise) => set({ noise })}
        />
      </div>
    </fieldset>
  )
}
