/** The lecture as a path: its demonstrations in order, and one at a time. */
import { catalogue, type DemonstrationId, demonstrationIds } from '../../../examples/lecture/catalogue.js'
import { type Controls, initialSettings } from '../../../examples/lecture/demonstration.js'
import { Heading } from '../components/heading.js'
import { Icon } from '../components/icon.js'
import { readAddress } from '../lecture/address.js'
import { Formula } from '../lecture/mathml.js'
import { useProjector } from '../lecture/projector.js'
import { startRun, useRun } from '../lecture/results.js'
import { go, link } from '../router.js'
import { DemonstrationView } from './demonstration.js'

export function LectureView({ argument }: { argument: string }) {
  const address = readAddress(argument)
  const { isProjecting, switchProjector } = useProjector()
  return (
    <section class="lecture">
      <div class="heading">
        <div>
          <Heading>{address === null ? 'Lecture' : catalogue[address.id].title}</Heading>
          <p class="under">
            {address === null ? (
              'Run a claim, then change something. Networks are compared at their own best learning rates, over five seeds.'
            ) : (
              <>
                <a href={link('lecture')}>Lecture</a>
                <span>
                  {demonstrationIds.indexOf(address.id) + 1} of {demonstrationIds.length}
                </span>
              </>
            )}
          </p>
        </div>
        <button type="button" aria-pressed={isProjecting} aria-keyshortcuts="p" onClick={switchProjector}>
          Projector (P)
        </button>
      </div>
      {address === null ? <Path /> : <DemonstrationView key={address.id} {...address} />}
    </section>
  )
}

function Path() {
  return (
    <ol class="path">
      {demonstrationIds.map((id) => (
        <Step key={id} id={id} />
      ))}
    </ol>
  )
}

function Step({ id }: { id: DemonstrationId }) {
  const { title, claim, formula } = catalogue[id]
  const { progress, result } = useRun(id)
  const controls: Controls = catalogue[id].controls
  const open = () => {
    void startRun(id, initialSettings(controls), false)
    go('lecture', id)
  }
  return (
    <li>
      <article class="card demonstration" aria-labelledby={`${id}-title`}>
        <h2 id={`${id}-title`}>
          <a href={link('lecture', id)}>{title}</a>
        </h2>
        <p>{claim}</p>
        {formula.slice(0, 1).map((text) => (
          <Formula key={text} text={text} />
        ))}
        <div class="actions">
          <button type="button" disabled={progress !== null} onClick={open} aria-label={`Run: ${title}`}>
            <Icon name="play" /> {progress === null ? 'Run' : 'Training …'}
          </button>
          {result === null ? null : (
            <span class={`pill ${result.holds ? 'succeeded' : 'failed'}`}>
              {result.holds ? 'Confirmed' : 'Not confirmed'}
            </span>
          )}
        </div>
      </article>
    </li>
  )
}
